//! What the server is: its version, whether it takes writes, its encoding, its free connections.

use super::finding::{Finding, quoted};
use super::session::{Login, Refusal, Session};

/// Free connections below which it is getting tight.
const FEW: i64 = 5;

/// The server's version, as it says.
pub(super) async fn version(session: &Session) -> Result<String, Refusal> {
    let rows = session
        .ask("SELECT pg_catalog.current_setting('server_version')")
        .await?;
    Ok(rows
        .first()
        .map(|row| row.text(0).to_owned())
        .unwrap_or_default())
}

/// Whether the role can write here at all.
pub(super) async fn writable(session: &Session, login: &Login) -> Finding {
    const ID: &str = "writable";
    // what the role gets in a transaction that asks for nothing
    let question = "SELECT pg_catalog.pg_is_in_recovery(), \
        pg_catalog.current_setting('default_transaction_read_only')";
    let rows = match session.ask(question).await {
        Ok(rows) => rows,
        Err(refusal) => return unknown(ID, &refusal),
    };
    let Some(row) = rows.first() else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    let finding = if row.is(0) {
        Finding::problem(ID, "check.writable.standby")
    } else if row.is(1) {
        let user = quoted(&login.user);
        let database = quoted(&login.database);
        Finding::problem(ID, "check.writable.read_only")
            .mend(format!(
                "ALTER ROLE {user} RESET default_transaction_read_only;"
            ))
            .mend(format!(
                "ALTER ROLE {user} IN DATABASE {database} RESET default_transaction_read_only;"
            ))
            .mend(format!(
                "ALTER DATABASE {database} RESET default_transaction_read_only;"
            ))
            .mend("ALTER SYSTEM RESET default_transaction_read_only;")
            .mend("SELECT pg_reload_conf();")
    } else {
        Finding::ok(ID, "check.writable.ok")
    };
    finding
        .place("user", &login.user)
        .saw(format!("pg_is_in_recovery() = {}", row.is(0)))
        .saw(format!("default_transaction_read_only = {}", row.text(1)))
}

/// Whether the database can hold every text.
pub(super) async fn encoding(session: &Session, login: &Login) -> Finding {
    const ID: &str = "encoding";
    let question = "SELECT pg_catalog.pg_encoding_to_char(encoding) \
        FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
    let rows = match session.ask(question).await {
        Ok(rows) => rows,
        Err(refusal) => return unknown(ID, &refusal),
    };
    let found = rows.first().map(|row| row.text(0)).unwrap_or_default();
    let finding = match found {
        "UTF8" => Finding::ok(ID, "check.encoding.ok"),
        "" => Finding::unknown(ID, "check.any.no_answer"),
        _ => Finding::problem(ID, "check.encoding.other").mend(format!(
            "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0;",
            quoted(&format!("{}_utf8", login.database)),
            quoted(&login.user)
        )),
    };
    finding
        .place("database", &login.database)
        .place("encoding", found)
        .saw(format!("encoding = {found}"))
}

/// Whether connections are left.
pub(super) async fn connections(session: &Session) -> Finding {
    const ID: &str = "connections";
    let question = "SELECT pg_catalog.current_setting('max_connections'), \
        pg_catalog.current_setting('superuser_reserved_connections'), \
        COALESCE((SELECT setting FROM pg_catalog.pg_settings WHERE name = 'reserved_connections'), '0'), \
        (SELECT pg_catalog.sum(numbackends) FROM pg_catalog.pg_stat_database), \
        d.datconnlimit, \
        (SELECT numbackends FROM pg_catalog.pg_stat_database WHERE datid = d.oid), \
        r.rolconnlimit, \
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE usename = current_user) \
        FROM pg_catalog.pg_database d, pg_catalog.pg_roles r \
        WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user";
    let rows = match session.ask(question).await {
        Ok(rows) => rows,
        Err(refusal) => return unknown(ID, &refusal),
    };
    let Some(row) = rows.first() else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    let number = |column| row.number(column);
    let (Some(most), Some(reserved), Some(more), Some(used)) =
        (number(0), number(1), number(2), number(3))
    else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    let usable = most.saturating_sub(reserved).saturating_sub(more);
    // a limit of its own is -1 where there is none
    let own = [(4, 5), (6, 7)].into_iter().filter_map(|(limit, used)| {
        let limit = number(limit).filter(|limit| *limit >= 0)?;
        Some((limit, number(used).unwrap_or(0)))
    });
    let limits = std::iter::once((usable, used)).chain(own);
    let free = |(limit, used): &(i64, i64)| limit.saturating_sub(*used);
    let Some(tightest) = limits.min_by_key(free) else {
        return Finding::unknown(ID, "check.any.no_answer");
    };
    let left = free(&tightest).max(0);
    let finding = if left < FEW.max(tightest.0 / 10).min(tightest.0) {
        Finding::warning(ID, "check.connections.few")
    } else {
        Finding::ok(ID, "check.connections.ok")
    };
    let finding = finding
        .place("free", left)
        .place("limit", tightest.0)
        .saw(format!("max_connections = {most}, in use = {used}"));
    match (number(4), number(6)) {
        (Some(-1), Some(-1)) | (None, _) | (_, None) => finding,
        (Some(database), Some(role)) => {
            finding.saw(format!("datconnlimit = {database}, rolconnlimit = {role}"))
        }
    }
}

/// A question that the server did not answer.
pub(super) fn unknown(id: &'static str, refusal: &Refusal) -> Finding {
    let key = match refusal {
        Refusal::Silent => "check.any.too_slow",
        // cancelled by statement_timeout or lock_timeout
        Refusal::Said(said) if ["57014", "55P03"].contains(&said.state.as_str()) => {
            "check.any.too_slow"
        }
        Refusal::Said(said) if said.state == "42501" => "check.any.denied",
        _ => "check.any.failed",
    };
    Finding::unknown(id, key).saw(refusal.evidence())
}
