"""The benchmark of Lu, Li and Lin 2023, played by its own protocol, theirs beside ours (docs/protocols.md, P1)."""
