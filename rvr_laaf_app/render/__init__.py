"""Synthetic defocus: the layered model, its exact fast form, its float64 reference and its differentiable form."""
