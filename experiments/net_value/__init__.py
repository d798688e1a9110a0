"""What a policy that buys labels is worth in money, against margin sampling in batches of fixed size."""
