//! The tables of Text Conference, and the sequence from which it takes the numbers of messages.

use super::finding::{Finding, quoted};
use super::merge::schema_name;
use super::server::unknown;
use super::session::{Login, Row, Session};

/// The tables that Text Conference makes when it first starts with a database.
const TABLES: [&str; 5] = [
    "tc_rooms",
    "tc_users",
    "tc_timelog",
    "tc_msgarchive",
    "tc_messages",
];
const SEQUENCE: &str = "xcp_sequence";
/// Numbers are handed out in blocks of this many.
const BLOCK: i64 = 100;
/// Pages (8 KiB each) of a table without an index that are still read for one number.
const PAGES: i64 = 16_384;

/// What there is of the tables.
pub(super) struct Tables {
    /// What to say about them.
    pub(super) finding: Finding,
    /// The schema in which they stand, if they can be looked into.
    pub(super) schema: Option<String>,
}

/// Looks for the tables.
pub(super) async fn tables(session: &Session, login: &Login) -> Tables {
    const ID: &str = "tables";
    let only = |finding| Tables {
        finding,
        schema: None,
    };
    let names = TABLES.map(|name| format!("'{name}'")).join(", ");
    let question = format!(
        "SELECT n.nspname, c.relname, \
         n.nspname = ANY (pg_catalog.current_schemas(false)), \
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
         AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
         AND pg_catalog.has_table_privilege(c.oid, 'INSERT') \
         AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') \
         AND pg_catalog.has_table_privilege(c.oid, 'DELETE') \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND c.relname IN ({names}) ORDER BY 3 DESC, 1, 2"
    );
    let rows = match session.ask_in_path(&question).await {
        Ok(rows) => rows,
        Err(refusal) => return only(unknown(ID, &refusal)),
    };
    let Some(schema) = rows.first().map(|row| row.text(0).to_owned()) else {
        return only(
            Finding::warning(ID, "check.tables.absent").place("database", &login.database),
        );
    };
    let (here, elsewhere): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.text(0) == schema);
    let finding = judged(&schema, &here, &elsewhere, login)
        .place("database", &login.database)
        .place("schema", &schema)
        .place("user", &login.user);
    Tables {
        finding,
        schema: Some(schema),
    }
}

fn judged(schema: &str, here: &[&Row], elsewhere: &[&Row], login: &Login) -> Finding {
    const ID: &str = "tables";
    let missing: Vec<&str> = TABLES
        .into_iter()
        .filter(|name| !here.iter().any(|row| row.text(1) == *name))
        .collect();
    let denied: Vec<&&Row> = here.iter().filter(|row| !row.is(3)).collect();
    let user = quoted(&login.user);
    if !missing.is_empty() {
        return Finding::problem(ID, "check.tables.some").place("missing", missing.join(", "));
    }
    if here.iter().any(|row| !row.is(2)) {
        return Finding::problem(ID, "check.tables.out_of_path").mend(format!(
            "ALTER ROLE {user} IN DATABASE {} SET search_path = {};",
            quoted(&login.database),
            schema_name(schema)
        ));
    }
    if !denied.is_empty() {
        let names: Vec<&str> = denied.iter().map(|row| row.text(1)).collect();
        return Finding::problem(ID, "check.tables.denied")
            .place("names", names.join(", "))
            .mend(format!(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {user};",
                schema_name(schema)
            ));
    }
    if let Some(other) = elsewhere.first() {
        return Finding::warning(ID, "check.tables.twice").place("other", other.text(0));
    }
    Finding::ok(ID, "check.tables.ok")
}

/// Compares the sequence with the messages that are there.
pub(super) async fn sequence(session: &Session, schema: &str) -> Finding {
    let compared = compared(session, &schema_name(schema)).await;
    compared.unwrap_or_else(|finding| finding)
}

async fn compared(session: &Session, schema: &str) -> Result<Finding, Finding> {
    const ID: &str = "sequence";
    let failed = |refusal| unknown(ID, &refusal);
    let question =
        format!("SELECT new_id FROM {schema}.{SEQUENCE} WHERE name_id = 'tc_message_id'");
    let rows = match session.ask(&question).await {
        Ok(rows) => rows,
        Err(refusal) if refusal.state() == "42P01" => {
            return Err(Finding::problem(ID, "check.sequence.absent").saw(refusal.evidence()));
        }
        Err(refusal) => return Err(failed(refusal)),
    };
    let Some(row) = rows.first() else {
        return Err(Finding::problem(ID, "check.sequence.no_row"));
    };
    let next = row
        .number(0)
        .ok_or_else(|| Finding::unknown(ID, "check.sequence.unreadable").saw(row.text(0)))?;
    let largest = format!("SELECT max(msg_id) FROM {schema}.tc_messages;");
    if !is_quick(session, schema).await.map_err(failed)? {
        return Err(Finding::unknown(ID, "check.sequence.too_large")
            .saw(format!("new_id = {next}"))
            .mend(largest));
    }
    let question = format!("SELECT pg_catalog.max(msg_id) FROM {schema}.tc_messages");
    let rows = session.ask(&question).await.map_err(failed)?;
    let most = match rows.first().and_then(|row| row.value(0)) {
        None => None,
        Some(text) => Some(
            text.parse::<i64>()
                .map_err(|_| Finding::unknown(ID, "check.sequence.unreadable").saw(text))?,
        ),
    };
    Ok(judged_sequence(schema, next, most))
}

fn judged_sequence(schema: &str, next: i64, most: Option<i64>) -> Finding {
    const ID: &str = "sequence";
    let seen = |finding: Finding| {
        let finding = finding.place("next", next).saw(format!("new_id = {next}"));
        match most {
            Some(most) => finding
                .place("most", most)
                .saw(format!("max(msg_id) = {most}")),
            None => finding.place("most", 0),
        }
    };
    match most {
        Some(most) if next <= most => {
            let finding = Finding::problem(ID, "check.sequence.behind");
            seen(match above(most) {
                Some(start) => finding.mend(format!(
                    "UPDATE {schema}.{SEQUENCE} SET new_id = {start} WHERE name_id = 'tc_message_id';"
                )),
                None => finding,
            })
        }
        _ => seen(Finding::ok(ID, "check.sequence.ok")),
    }
}

/// The first number of the first block above a message's number.
fn above(most: i64) -> Option<i64> {
    let blocks = most.max(0) / BLOCK;
    blocks.checked_add(1)?.checked_mul(BLOCK)?.checked_add(1)
}

/// True when the largest number can be found without a long walk through the table.
async fn is_quick(session: &Session, schema: &str) -> Result<bool, super::session::Refusal> {
    let question = format!(
        "SELECT pg_catalog.pg_relation_size(c.oid) / 8192, EXISTS (SELECT 1 FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = 'msg_id') \
         FROM pg_catalog.pg_class c WHERE c.oid = '{}.tc_messages'::pg_catalog.regclass",
        schema.replace('\'', "''")
    );
    let rows = session.ask(&question).await?;
    Ok(rows
        .first()
        .is_some_and(|row| row.is(1) || row.number(0).is_some_and(|pages| pages <= PAGES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_block_begins_above_the_largest_number() {
        for (most, start) in [
            (0, 101),
            (1, 101),
            (99, 101),
            (100, 201),
            (101, 201),
            (1234, 1301),
            (1300, 1401),
            (-5, 101),
        ] {
            assert_eq!(above(most), Some(start), "{most}");
        }
        assert_eq!(above(i64::MAX), None);
    }

    #[test]
    fn a_sequence_is_behind_when_its_next_number_is_taken() {
        let key = |next, most| judged_sequence("public", next, most).key;
        assert_eq!(key(101, Some(100)), "check.sequence.ok");
        assert_eq!(key(101, None), "check.sequence.ok");
        assert_eq!(key(101, Some(101)), "check.sequence.behind");
        let found = judged_sequence("public", 101, Some(1234));
        assert_eq!(
            found.statements,
            ["UPDATE public.xcp_sequence SET new_id = 1301 WHERE name_id = 'tc_message_id';"]
        );
    }
}
