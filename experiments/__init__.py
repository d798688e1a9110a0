"""Studies: recipes, published results, and the code of replications."""
