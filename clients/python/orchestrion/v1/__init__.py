"""The stubs of package `orchestrion.v1`, made by `make protos` from `protos/`; never edited by hand."""
