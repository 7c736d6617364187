"""The embedded model of Errata, its problems, and the scripts that made them."""
