//! Names that the semantic conventions do not have.

/// How many rows a statement inserted, changed or deleted. Beside `db.response.returned_rows`.
pub(crate) const SQL_AFFECTED_ROWS: &str = "sql.affected_rows";
