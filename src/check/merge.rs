//! What the role may do: create tables, and what merging two databases needs.

use super::finding::{Finding, quoted};
use super::server::unknown;
use super::session::{Login, Row, Session};

/// The arguments of the two functions that a merge calls.
const ARGUMENTS: [&str; 2] = ["text", "text, text"];

/// Whether the role may create tables where it would.
pub(super) async fn rights(session: &Session, login: &Login) -> Finding {
    const ID: &str = "rights";
    let question = "SELECT pg_catalog.current_schema(), \
        pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'), \
        pg_catalog.current_setting('search_path')";
    let rows = match session.ask_in_path(question).await {
        Ok(rows) => rows,
        Err(refusal) => return unknown(ID, &refusal),
    };
    let Some(row) = rows.first() else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    let user = quoted(&login.user);
    let finding = match row.value(0) {
        None => Finding::problem(ID, "check.rights.no_schema")
            .mend(format!("CREATE SCHEMA AUTHORIZATION {user};")),
        Some(_) if row.is(1) => Finding::ok(ID, "check.rights.ok"),
        Some(schema) => Finding::problem(ID, "check.rights.no_create").mend(format!(
            "GRANT USAGE, CREATE ON SCHEMA {} TO {user};",
            schema_name(schema)
        )),
    };
    finding
        .place("user", &login.user)
        .place("schema", row.text(0))
        .saw(format!("search_path = {}", row.text(2)))
}

/// `public` is a word of its own only as a role.
pub(super) fn schema_name(schema: &str) -> String {
    if schema == "public" {
        schema.to_owned()
    } else {
        quoted(schema)
    }
}

/// Whether the extension `dblink` is there and the role may use it.
pub(super) async fn dblink(session: &Session, login: &Login) -> Finding {
    const ID: &str = "dblink";
    let question = "SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'dblink'), \
        (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'dblink'), \
        (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";
    let rows = match session.ask(question).await {
        Ok(rows) => rows,
        Err(refusal) => return unknown(ID, &refusal),
    };
    let Some(row) = rows.first() else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    if row.value(0).is_none() {
        return not_installed(row).place("database", &login.database);
    }
    let version = row.text(0).to_owned();
    let question = "SELECT n.nspname, pg_catalog.oidvectortypes(p.proargtypes), \
        pg_catalog.has_function_privilege(p.oid, 'EXECUTE'), \
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
        JOIN pg_catalog.pg_depend d ON d.objid = p.oid AND d.deptype = 'e' \
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'dblink' \
        WHERE p.proname = 'dblink_connect' ORDER BY 1, 2";
    match session.ask(question).await {
        Ok(functions) => installed(&version, &functions, login),
        Err(refusal) => unknown(ID, &refusal),
    }
}

fn not_installed(row: &Row) -> Finding {
    const ID: &str = "dblink";
    let create = "CREATE EXTENSION dblink;";
    match row.value(1) {
        None => Finding::warning(ID, "check.dblink.unavailable").mend(create),
        Some(version) => Finding::warning(ID, "check.dblink.absent")
            .saw(format!("pg_available_extensions: dblink {version}"))
            .saw(format!("rolsuper = {}", row.is(2)))
            .mend(create),
    }
}

fn installed(version: &str, functions: &[Row], login: &Login) -> Finding {
    const ID: &str = "dblink";
    let user = quoted(&login.user);
    let known = |arguments: &&str| functions.iter().any(|row| row.text(1) == *arguments);
    if !ARGUMENTS.iter().all(known) {
        return Finding::unknown(ID, "check.dblink.no_functions")
            .saw(format!("pg_extension: dblink {version}"));
    }
    let mut statements = Vec::new();
    let mut finding = Finding::ok(ID, "check.dblink.ok");
    for row in functions {
        let (schema, arguments) = (schema_name(row.text(0)), row.text(1));
        let usage = format!("GRANT USAGE ON SCHEMA {schema} TO {user};");
        if !row.is(3) && !statements.contains(&usage) {
            statements.push(usage);
        }
        if !row.is(2) {
            statements.push(format!(
                "GRANT EXECUTE ON FUNCTION {schema}.dblink_connect({arguments}) TO {user};"
            ));
        }
    }
    if !statements.is_empty() {
        finding = Finding::warning(ID, "check.dblink.denied");
    }
    finding = finding
        .place("user", &login.user)
        .saw(format!("pg_extension: dblink {version}"));
    statements.into_iter().fold(finding, Finding::mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_the_package_is_told_apart_from_a_database_without_the_extension() {
        let key = |columns: &[Option<&str>]| not_installed(&Row::of(columns)).key;
        assert_eq!(key(&[None, None, Some("f")]), "check.dblink.unavailable");
        assert_eq!(key(&[None, Some("1.2"), Some("f")]), "check.dblink.absent");
    }

    #[test]
    fn every_missing_right_gets_its_statement() {
        let login = Login {
            user: "tc".to_owned(),
            database: "imp".to_owned(),
            password: None,
        };
        let function = |arguments: &'static str, execute: &'static str, usage: &'static str| {
            Row::of(&[Some("Ext"), Some(arguments), Some(execute), Some(usage)])
        };
        let found = installed(
            "1.2",
            &[function("text", "t", "t"), function("text, text", "t", "t")],
            &login,
        );
        assert_eq!((found.key, found.statements.len()), ("check.dblink.ok", 0));
        let found = installed(
            "1.2",
            &[function("text", "t", "f"), function("text, text", "f", "f")],
            &login,
        );
        assert_eq!(found.key, "check.dblink.denied");
        assert_eq!(
            found.statements,
            [
                "GRANT USAGE ON SCHEMA \"Ext\" TO tc;",
                "GRANT EXECUTE ON FUNCTION \"Ext\".dblink_connect(text, text) TO tc;"
            ]
        );
        assert_eq!(
            installed("1.2", &[function("text", "t", "t")], &login).key,
            "check.dblink.no_functions"
        );
    }
}
