"""Value in money of a policy that buys labels, against margin sampling in batches of fixed size."""
