"""Look ahead: play candidates on in copies of the loop, as experts that policies imitate and as upper bounds."""
