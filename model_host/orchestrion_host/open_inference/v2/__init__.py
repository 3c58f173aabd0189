"""The stubs of package `inference`, made by `make protos` from `protos/`; never edited by hand."""
