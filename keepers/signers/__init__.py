"""Keys and signatures: keystores, Ape accounts, AWS KMS and HashiCorp Vault. The only room that holds a key."""
