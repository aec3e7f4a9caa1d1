"""The paper's claims on real generators: `make claims`."""
