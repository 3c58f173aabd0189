"""Images and videos made by diffusion, on the pipelines of `diffusers`: one module for each family of task types."""
