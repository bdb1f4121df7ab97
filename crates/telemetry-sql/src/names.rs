//! Names that the semantic conventions do not have.

/// How many rows a statement inserted, changed or deleted. Beside `db.response.returned_rows`.
pub(crate) const DB_RESPONSE_AFFECTED_ROWS: &str = "db.response.affected_rows";
