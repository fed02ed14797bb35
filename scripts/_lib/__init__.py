"""Libraries behind the commands in scripts/: local nodes, deployment, venues, the demo. Ape lists none of them."""
