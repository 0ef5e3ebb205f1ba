//! The table, the router and the OpenAPI document are one thing; so are the schemas and the parser.
