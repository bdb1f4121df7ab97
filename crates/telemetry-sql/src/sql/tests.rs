//! What is told of statements.

use proptest::prelude::*;

use super::*;

fn text(sql: &str, dialect: Dialect) -> String {
    Analysis::of(sql, dialect).text
}

fn summary(sql: &str) -> String {
    Analysis::of(sql, Dialect::Postgres).summary
}

#[test]
fn literals_are_replaced() {
    for (sql, expected) in [
        ("SELECT 1", "SELECT ?"),
        ("SELECT -1.5e-3, .5, 0x1F, 1_000", "SELECT -?, ?, ?, ?"),
        ("SELECT 'a', 'it''s', ''", "SELECT ?, ?, ?"),
        ("SELECT TRUE, false, NULL", "SELECT ?, ?, NULL"),
        ("SELECT t1.a2 FROM t1", "SELECT t1.a2 FROM t1"),
        ("SELECT DATE '2026-11-21'", "SELECT DATE ?"),
        ("SELECT x'53', X'53'", "SELECT ?, ?"),
        ("a=1", "a=?"),
        ("SELECT\n\t 1\r\n ;", "SELECT ? ;"),
        ("SELECT 1 -- secret\n, 2", "SELECT ? , ?"),
        ("SELECT /* secret */ 1", "SELECT ?"),
        ("SELECT 1/* secret */+/* secret */2", "SELECT ? + ?"),
        ("SELECT 'no end", "SELECT ?"),
        ("SELECT /* no end", "SELECT"),
        (
            "SELECT \"a column\" FROM \"a \"\"table\"",
            "SELECT \"a column\" FROM \"a \"\"table\"",
        ),
        ("SELECT \"no end", "SELECT ?"),
        ("SELECT 'héé', 'ü' AS ü", "SELECT ?, ? AS ü"),
        ("", ""),
    ] {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Other] {
            assert_eq!(text(sql, dialect), expected, "{dialect:?}");
        }
    }
}

#[test]
fn each_dialect_has_literals_of_its_own() {
    for (dialect, sql, expected) in [
        (Dialect::Postgres, r"SELECT E'it\'s', 1", "SELECT ?, ?"),
        (Dialect::Postgres, r"SELECT 'C:\', 1", "SELECT ?, ?"),
        (
            Dialect::Postgres,
            "SELECT e'a'\n  'b\\'c', 1",
            "SELECT ?, ?",
        ),
        (
            Dialect::Postgres,
            "SELECT U&'d\\0061t', B'1', N'x'",
            "SELECT ?, ?, ?",
        ),
        (Dialect::Postgres, "SELECT $$it's$$, 1", "SELECT ?, ?"),
        (Dialect::Postgres, "SELECT $a$ $b$ $$ $a$, 1", "SELECT ?, ?"),
        (Dialect::Postgres, "SELECT $a$ no end $b$", "SELECT ?"),
        (
            Dialect::Postgres,
            "SELECT $1, $23::int",
            "SELECT $1, $23::int",
        ),
        (Dialect::Postgres, "SELECT a[1:2]", "SELECT a[?:?]"),
        (Dialect::Postgres, "SELECT /* a /* b */ c */ d", "SELECT d"),
        (Dialect::Postgres, "SELECT a ? 'b'", "SELECT a ? ?"),
        (Dialect::Sqlite, "SELECT /* a /* b */ c", "SELECT c"),
        (
            Dialect::Sqlite,
            "SELECT ?1, :a, @b, $c",
            "SELECT ?1, :a, @b, $c",
        ),
        (
            Dialect::Sqlite,
            "SELECT [a 'b] FROM `c 'd`",
            "SELECT [a 'b] FROM `c 'd`",
        ),
        (Dialect::MySql, r#"SELECT "it\"s", 'it\'s'"#, "SELECT ?, ?"),
        (Dialect::MySql, "SELECT 1 # secret", "SELECT ?"),
        (Dialect::MySql, "SELECT 5--3", "SELECT ?--?"),
        (Dialect::MySql, "SELECT `a'b`", "SELECT `a'b`"),
    ] {
        assert_eq!(text(sql, dialect), expected, "{dialect:?}: {sql}");
    }
}

#[test]
fn lists_are_as_long_as_one_value() {
    for (sql, expected) in [
        ("a IN (?, ?, ?)", "a IN (?)"),
        ("a IN ($1, $2)", "a IN (?)"),
        ("a IN ($1)", "a IN ($1)"),
        ("a IN (1, -2, NULL)", "a IN (?)"),
        ("a in ('x','y') AND b = 1", "a in (?) AND b = ?"),
        ("a IN (SELECT 1, 2)", "a IN (SELECT ?, ?)"),
        ("a IN (b, c)", "a IN (b, c)"),
        ("f(1, 2)", "f(?, ?)"),
        ("VALUES (1, 2)", "VALUES (?, ?)"),
        (
            "VALUES (?, ?), (?, ?), (?, ?) RETURNING a",
            "VALUES (?, ?), ... RETURNING a",
        ),
        ("VALUES ($1,$2),($3,DEFAULT)", "VALUES ($1,$2), ..."),
        (
            "VALUES (1, now()), (2, now())",
            "VALUES (?, now()), (?, now())",
        ),
    ] {
        assert_eq!(text(sql, Dialect::Other), expected, "{sql}");
    }
}

#[test]
fn a_text_is_bounded() {
    let many = format!(
        "SELECT a FROM t WHERE a IN ({}) AND b = 1",
        vec!["?"; 20_000].join(", ")
    );
    assert_eq!(
        text(&many, Dialect::Sqlite),
        "SELECT a FROM t WHERE a IN (?) AND b = ?"
    );
    let rows = format!("INSERT INTO t VALUES {}", vec!["(1, 2)"; 8_000].join(","));
    assert_eq!(
        text(&rows, Dialect::Sqlite),
        "INSERT INTO t VALUES (?, ?), ..."
    );
    let long = format!("SELECT {}", "ü".repeat(5_000));
    let text = text(&long, Dialect::Sqlite);
    assert_eq!(text.len(), 2_047);
    assert!(long.starts_with(&text));
}

#[test]
fn a_summary_has_operations_and_tables() {
    for (sql, expected) in [
        ("SELECT * FROM players", "SELECT players"),
        ("select id from public.players p", "select public.players"),
        (
            "SELECT * FROM \"song list\", artists",
            "SELECT \"song list\" artists",
        ),
        (
            "SELECT * FROM songs AS s, artists WHERE s.artist = artists.id",
            "SELECT songs artists",
        ),
        (
            "SELECT a FROM (SELECT * FROM orders o JOIN customers c ON o.c = c.id)",
            "SELECT SELECT orders customers",
        ),
        (
            "SELECT a FROM (orders o LEFT JOIN customers c USING (id, name)) JOIN x USING (y)",
            "SELECT orders customers x",
        ),
        (
            "INSERT INTO a (b, c) SELECT d, e FROM f",
            "INSERT a SELECT f",
        ),
        ("INSERT OR REPLACE INTO a VALUES (1)", "INSERT a"),
        (
            "INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 2",
            "INSERT a",
        ),
        ("REPLACE INTO a VALUES (1)", "REPLACE a"),
        ("UPDATE a SET b = 1 FROM c WHERE a.d = c.d", "UPDATE a c"),
        ("UPDATE ONLY a SET b = replace(b, 'x', 'y')", "UPDATE a"),
        ("DELETE FROM a USING b WHERE a.c = b.c", "DELETE a b"),
        (
            "MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN DELETE",
            "MERGE a b",
        ),
        (
            "SELECT a FROM b WHERE c IN (SELECT d FROM e)",
            "SELECT b SELECT e",
        ),
        ("SELECT a FROM b UNION SELECT c FROM d", "SELECT b SELECT d"),
        ("SELECT a FROM b FOR UPDATE", "SELECT b"),
        ("SELECT extract(year FROM created), b FROM c", "SELECT c"),
        ("SELECT a IS DISTINCT FROM b FROM c", "SELECT c"),
        ("SELECT * FROM generate_series(1, 5) g, t", "SELECT t"),
        ("SELECT * FROM t, LATERAL (SELECT 1) x", "SELECT t SELECT"),
        ("SELECT * FROM (VALUES (1), (2)) v", "SELECT"),
        ("SELECT 1", "SELECT"),
        (
            "WITH x AS (SELECT a FROM b), y AS (SELECT 1) SELECT * FROM x JOIN y ON c",
            "SELECT b SELECT SELECT",
        ),
        (
            "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x) SELECT n FROM x",
            "SELECT SELECT SELECT",
        ),
        (
            "WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x",
            "DELETE a INSERT b SELECT",
        ),
        ("EXPLAIN QUERY PLAN SELECT a FROM b", "EXPLAIN SELECT b"),
        ("EXPLAIN ANALYZE UPDATE a SET b = 1", "EXPLAIN UPDATE a"),
        (
            "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM a",
            "EXPLAIN DELETE a",
        ),
        (
            "CREATE TABLE IF NOT EXISTS a (b INT REFERENCES c ON DELETE CASCADE)",
            "CREATE TABLE a",
        ),
        ("create  unique index i ON a (b)", "create index i"),
        (
            "CREATE OR REPLACE VIEW a AS SELECT b FROM c",
            "CREATE VIEW a SELECT c",
        ),
        ("ALTER TABLE a ADD COLUMN b INT", "ALTER TABLE a"),
        ("DROP TABLE IF EXISTS a", "DROP TABLE a"),
        ("TRUNCATE TABLE a", "TRUNCATE a"),
        ("COPY a (b) FROM STDIN", "COPY a"),
        ("CALL score('x')", "CALL score"),
        ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys"),
        ("BEGIN", "BEGIN"),
        ("SAVEPOINT _sqlx_savepoint_1", "SAVEPOINT"),
        ("SET search_path TO 'x'", "SET"),
        (
            "INSERT INTO a VALUES (1); SELECT b FROM c",
            "INSERT a SELECT c",
        ),
        ("-- secret\n/* x */ SELECT a FROM b", "SELECT b"),
        ("VALUES (1)", "VALUES"),
        ("FROBNICATE the database", ""),
        ("('x", ""),
        ("", ""),
    ] {
        assert_eq!(summary(sql), expected, "{sql}");
    }
}

#[test]
fn a_summary_ends_with_a_whole_name() {
    let tables: Vec<_> = (0..100).map(|n| format!("table_{n:03}")).collect();
    let cut = summary(&format!("SELECT * FROM {}", tables.join(", ")));
    assert!(cut.len() <= 255, "{cut}");
    assert!(cut.ends_with("table_021 table_022 table_023"), "{cut}");
    // No part of it.
    let long = format!("SELECT * FROM {}", "x".repeat(300));
    assert_eq!(summary(&long), "SELECT");
}

#[test]
fn one_operation_and_one_table_are_told() {
    for (sql, operation, collection) in [
        ("SELECT * FROM a", Some("SELECT"), Some("a")),
        ("SELECT * FROM a x JOIN a y", Some("SELECT"), Some("a")),
        ("SELECT * FROM a JOIN b", Some("SELECT"), None),
        ("INSERT INTO a SELECT * FROM b", Some("INSERT"), None),
        ("CREATE INDEX i ON a (b)", Some("CREATE INDEX"), None),
        ("SELECT * FROM a; ", Some("SELECT"), Some("a")),
        ("SELECT * FROM a; SELECT * FROM a", None, None),
        ("FROBNICATE a", None, None),
    ] {
        let analysis = Analysis::of(sql, Dialect::Sqlite);
        assert_eq!(analysis.operation.as_deref(), operation, "{sql}");
        assert_eq!(analysis.collection.as_deref(), collection, "{sql}");
    }
}

#[test]
fn what_a_result_tells_is_known() {
    for (sql, effect) in [
        ("SELECT 1", Effect::Reads),
        ("VALUES (1)", Effect::Reads),
        ("EXPLAIN SELECT 1", Effect::Reads),
        ("INSERT INTO a SELECT 1", Effect::Writes),
        (
            "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x",
            Effect::Writes,
        ),
        ("CREATE TABLE a (b)", Effect::Other),
        ("BEGIN", Effect::Other),
        ("DELETE FROM a; SELECT 1", Effect::Other),
        ("SELECT 1; SELECT 2", Effect::Reads),
    ] {
        assert_eq!(Analysis::of(sql, Dialect::Sqlite).effect, effect, "{sql}");
    }
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![
        Dialect::Sqlite,
        Dialect::Postgres,
        Dialect::MySql,
        Dialect::Other,
    ])
}

/// Pieces of SQL that begin or end something, in any order.
fn hostile() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "'",
        "''",
        "\"",
        "`",
        "[",
        "]",
        "$$",
        "$a$",
        "$1",
        "?",
        ":a",
        "@",
        "::",
        "--",
        "\n",
        "/*",
        "*/",
        "#",
        "\\",
        "E'",
        "U&'",
        "x'",
        "1",
        "1e-",
        ".",
        ",",
        ";",
        "(",
        ")",
        "IN",
        "VALUES",
        "SELECT",
        "FROM",
        "WITH",
        "AS",
        "INSERT INTO",
        "CREATE",
        "TABLE",
        "EXPLAIN",
        "JOIN",
        " ",
        "ü",
        "🦀",
        "\0",
        "a",
        "public",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn anything_is_looked_at(sql in prop_oneof![hostile(), any::<String>()], dialect in dialect()) {
        let analysis = Analysis::of(&sql, dialect);
        prop_assert!(analysis.text.len() <= 2_048);
        prop_assert!(analysis.summary.len() <= 255);
    }

    /// As a driver, or a program that writes values into its SQL, would write it.
    #[test]
    fn no_value_is_told(
        value in prop_oneof![hostile(), any::<String>(), "[a-z]{1,9}"],
        number in 100_000_u64..,
        dialect in dialect(),
    ) {
        const SECRET: &str = "zsecretz";
        let value = format!("{SECRET}{value}{SECRET}");
        let doubled = value.replace('\'', "''");
        let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
        let string = match dialect {
            Dialect::MySql => format!("'{escaped}'"),
            Dialect::Sqlite => format!("'{doubled}'"),
            Dialect::Postgres | Dialect::Other => format!("'{doubled}', E'{escaped}'"),
        };
        let sql = format!(
            "INSERT INTO players (a, b) VALUES ({string}, {number}) ON CONFLICT DO NOTHING"
        );
        let analysis = Analysis::of(&sql, dialect);
        let all = format!("{analysis:?}");
        prop_assert!(!all.contains(SECRET), "{all}");
        prop_assert!(!all.contains(&number.to_string()), "{all}");
        prop_assert_eq!(analysis.summary, "INSERT players");
        prop_assert!(analysis.text.ends_with("ON CONFLICT DO NOTHING"), "{}", analysis.text);
    }
}
