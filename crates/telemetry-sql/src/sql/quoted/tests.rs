//! Names and strings in double quotes.

use proptest::prelude::*;

use crate::drivers::Dialect;
use crate::sql::Analysis;

fn text(sql: &str) -> String {
    let text = Analysis::of(sql, Dialect::Sqlite).text;
    // Whichever database it is, if that is not known.
    assert_eq!(Analysis::of(sql, Dialect::Other).text, text);
    text
}

#[test]
fn what_may_be_a_string_is_replaced() {
    for (sql, expected) in [
        (
            r#"SELECT id FROM users WHERE pw = "hunter2""#,
            "SELECT id FROM users WHERE pw = ?",
        ),
        (
            r#"INSERT INTO users (pw) VALUES ("hunter2")"#,
            "INSERT INTO users (pw) VALUES (?)",
        ),
        (
            r#"INSERT INTO users VALUES (1, "hunter2" || "x"), (2, "hunter2")"#,
            "INSERT INTO users VALUES (?, ? || ?), (?, ?)",
        ),
        (r#"a IN ("hunter2", "hunter3")"#, "a IN (?)"),
        (
            r#"UPDATE users SET pw = "hunter2", "name" = "ana" WHERE "id" = 1"#,
            r#"UPDATE users SET pw = ?, "name" = ? WHERE "id" = ?"#,
        ),
        (
            r#"UPDATE "users" SET "pw" = ("hunter2" || "x")"#,
            r#"UPDATE "users" SET "pw" = (? || ?)"#,
        ),
        (
            r#"SELECT lower("hunter2"), id FROM users"#,
            "SELECT lower(?), id FROM users",
        ),
        (
            r#"SELECT a FROM t WHERE a LIKE "%hunter2%" ESCAPE "!""#,
            "SELECT a FROM t WHERE a LIKE ? ESCAPE ?",
        ),
        (
            r#"SELECT a FROM t WHERE a BETWEEN "h" AND "i" || "j" AND "b" = "c""#,
            r#"SELECT a FROM t WHERE a BETWEEN ? AND ? || ? AND "b" = ?"#,
        ),
        (r#"WHERE a IS "hunter2""#, "WHERE a IS ?"),
        (r#"WHERE a IS NOT "hunter2" || b"#, "WHERE a IS NOT ? || b"),
        (
            r#"WHERE a IS DISTINCT FROM "hunter2""#,
            "WHERE a IS DISTINCT FROM ?",
        ),
        (
            r#"WHERE a IS NOT DISTINCT FROM "hunter2""#,
            "WHERE a IS NOT DISTINCT FROM ?",
        ),
        (r#"WHERE a >= "h" OR a <> "i""#, "WHERE a >= ? OR a <> ?"),
        (r#"WHERE data ->> "$.pw" = 'x'"#, "WHERE data ->> ? = ?"),
        (r#"WHERE "hunter2""#, "WHERE ?"),
        (r#"WHERE (a, b) = ("h", "i")"#, "WHERE (a, b) = (?, ?)"),
        (
            r#"SELECT CASE a WHEN 1 THEN "hunter2" ELSE "none" END FROM t"#,
            "SELECT CASE a WHEN ? THEN ? ELSE ? END FROM t",
        ),
        (r#"SELECT a || "hunter2" FROM t"#, "SELECT a || ? FROM t"),
        (r#"SELECT a FROM t LIMIT "5""#, "SELECT a FROM t LIMIT ?"),
        (r#"PRAGMA key = "hunter2""#, "PRAGMA key = ?"),
        (r#"PRAGMA key("hunter2")"#, "PRAGMA key(?)"),
        (
            r#"ATTACH "a.db" AS "other" KEY "hunter2""#,
            r#"ATTACH ? AS "other" KEY ?"#,
        ),
        (
            r#"CREATE TABLE t (a text DEFAULT "hunter2", "b" text DEFAULT ("x"), CHECK (a <> "y"))"#,
            r#"CREATE TABLE t (a text DEFAULT ?, "b" text DEFAULT (?), CHECK (a <> ?))"#,
        ),
        (
            r#"INSERT INTO t (a) SELECT "b" FROM u WHERE c = "hunter2""#,
            r#"INSERT INTO t (a) SELECT "b" FROM u WHERE c = ?"#,
        ),
        (
            r#"INSERT INTO t (a) VALUES ("x") ON CONFLICT (a) DO UPDATE SET a = "y" WHERE b = "z""#,
            "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET a = ? WHERE b = ?",
        ),
        (r#"SELECT "a"; "hunter2""#, r#"SELECT "a"; ?"#),
    ] {
        assert_eq!(text(sql), expected, "{sql}");
    }
}

#[test]
fn what_sea_query_writes_stays_readable() {
    for (sql, expected) in [
        (
            r#"SELECT "id", "name" FROM "player" WHERE "name" = ? ORDER BY "id" DESC LIMIT ?"#,
            "",
        ),
        (
            r#"SELECT "player"."id", "team"."name" AS "team" FROM "player" LEFT JOIN "team" ON "player"."team_id" = "team"."id" WHERE "name" LIKE ? OR "id" IN (?) OR "team_id" IS NULL"#,
            "",
        ),
        (
            r#"SELECT "team_id", COUNT("id") FROM "player" GROUP BY "team_id" HAVING COUNT("id") > ?"#,
            r#"SELECT "team_id", COUNT(?) FROM "player" GROUP BY "team_id" HAVING COUNT(?) > ?"#,
        ),
        (
            r#"INSERT INTO "player" ("name", "team_id") VALUES (?, ?) ON CONFLICT ("name") DO UPDATE SET "team_id" = "excluded"."team_id" RETURNING "id""#,
            "",
        ),
        (
            r#"UPDATE "player" SET "name" = ?, "team_id" = "team_id" + ? WHERE "id" BETWEEN ? AND ?"#,
            r#"UPDATE "player" SET "name" = ?, "team_id" = ? + ? WHERE "id" BETWEEN ? AND ?"#,
        ),
        (
            r#"DELETE FROM "player" WHERE "team_id" IN (SELECT "id" FROM "team" WHERE "name" = ?)"#,
            "",
        ),
        (
            r#"SELECT EXISTS(SELECT "id" FROM "player" WHERE "password" <> ?)"#,
            "",
        ),
        (
            r#"CREATE TABLE IF NOT EXISTS "player" ( "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar NOT NULL DEFAULT 'x', "team_id" integer, FOREIGN KEY ("team_id") REFERENCES "team" ("id") ON DELETE SET NULL )"#,
            r#"CREATE TABLE IF NOT EXISTS "player" ( "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar NOT NULL DEFAULT ?, "team_id" integer, FOREIGN KEY ("team_id") REFERENCES "team" ("id") ON DELETE SET NULL )"#,
        ),
        (r#"CREATE UNIQUE INDEX "by_name" ON "player" ("name")"#, ""),
        (
            r#"ALTER TABLE "player" RENAME COLUMN "name" TO "password""#,
            "",
        ),
        (
            r#"WITH "best" ("id") AS (SELECT "id" FROM "player" WHERE ("score" > ?) AND ("score" < ?)) SELECT "id" FROM "best" AS "b" JOIN "team" USING ("id")"#,
            "",
        ),
    ] {
        let expected = if expected.is_empty() { sql } else { expected };
        assert_eq!(text(sql), expected);
    }
}

#[test]
fn what_diesel_writes_stays_as_it_is() {
    for sql in [
        "SELECT `players`.`id`, `players`.`name` FROM `players` WHERE (`players`.`name` = ?) ORDER BY `players`.`id` DESC LIMIT ?",
        "SELECT `players`.`id` FROM (`players` INNER JOIN `teams` ON (`players`.`team_id` = `teams`.`id`)) WHERE ((`teams`.`name` LIKE ?) OR (`players`.`id` IN (?)))",
        "INSERT INTO `players` (`name`, `team_id`) VALUES (?, ?)",
        "UPDATE `players` SET `name` = ? WHERE (`players`.`id` BETWEEN ? AND ?)",
        "DELETE FROM `players` WHERE (`players`.`team_id` IS NULL)",
    ] {
        assert_eq!(text(sql), sql);
    }
}

#[test]
fn double_quotes_are_names_with_postgresql_and_strings_with_mysql() {
    let sql = r#"SELECT "a" FROM "t" WHERE b = "c""#;
    assert_eq!(Analysis::of(sql, Dialect::Postgres).text, sql);
    let of_mysql = Analysis::of("SELECT `a` FROM `t` WHERE b = \"c\"", Dialect::MySql);
    assert_eq!(of_mysql.text, "SELECT `a` FROM `t` WHERE b = ?");
}

#[test]
fn a_summary_has_no_string_for_a_table() {
    let analysis = Analysis::of(
        r#"SELECT a FROM "song list" WHERE b = "hunter2""#,
        Dialect::Sqlite,
    );
    assert_eq!(analysis.summary, r#"SELECT "song list""#);
}

proptest! {
    #[test]
    fn a_value_is_never_kept(
        nesting in 0_usize..200,
        operator in prop::sample::select(vec!["=", "<>", "||", "LIKE", "IS NOT", "->>", "GLOB"]),
    ) {
        let (open, close) = ("(".repeat(nesting), ")".repeat(nesting));
        for sql in [
            format!(r#"SELECT "a" FROM t WHERE b {operator} {open}"hunter2"{close}"#),
            format!(r#"SELECT {open}b {operator} "hunter2"{close} FROM t"#),
            format!(r#"INSERT INTO t VALUES ({open}"hunter2"{close}, "hunter2" {operator} 1)"#),
            format!(r#"UPDATE t SET b {operator} f({open}1, "hunter2" {operator} 2{close})"#),
        ] {
            let text = Analysis::of(&sql, Dialect::Sqlite).text;
            prop_assert!(!text.contains("hunter2"), "{sql}\n{text}");
        }
    }

    #[test]
    fn anything_is_taken(sql in r#"([a-zA-Z]{1,6}|SELECT|FROM|VALUES|\(|\)|"x"|,|=|\.|;| ){0,60}"#) {
        let _text = Analysis::of(&sql, Dialect::Sqlite);
    }
}
