//! Databases whose language is not spoken here: what a person has to look at.

use super::finding::Finding;
use super::url::Engine;

/// What cannot be checked of Oracle and SQL Server, each with what to ask there.
pub(super) fn checks(engine: Engine, supported: &str) -> Vec<Finding> {
    let unknown = |id, key| Finding::unknown(id, key);
    match engine {
        Engine::Postgresql => Vec::new(),
        Engine::Oracle => {
            vec![
            unknown("login", "check.other.login"),
            unknown("version", "check.other.version")
                .place("supported", supported)
                .mend("SELECT banner FROM v$version;"),
            unknown("encoding", "check.other.oracle_encoding").mend(
                "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET';",
            ),
            unknown("rights", "check.other.oracle_rights")
                .mend("SELECT privilege FROM session_privs;")
                .mend("GRANT CREATE TABLE TO user_name;")
                .mend("GRANT CREATE PUBLIC DATABASE LINK TO user_name;"),
            unknown("tables", "check.other.tables")
                .mend("SELECT table_name FROM user_tables WHERE table_name LIKE 'TC%';"),
            unknown("sequence", "check.other.sequence").mend(SEQUENCE).mend(LARGEST),
        ]
        }
        Engine::SqlServer => vec![
            unknown("login", "check.other.login"),
            unknown("version", "check.other.version")
                .place("supported", supported)
                .mend("SELECT @@VERSION;"),
            unknown("rights", "check.other.sqlserver_rights"),
            unknown("tables", "check.other.tables")
                .mend("SELECT name FROM sys.tables WHERE name LIKE 'tc%';"),
            unknown("sequence", "check.other.sequence")
                .mend(SEQUENCE)
                .mend(LARGEST),
        ],
    }
}

const SEQUENCE: &str = "SELECT new_id FROM xcp_sequence WHERE name_id = 'tc_message_id';";
const LARGEST: &str = "SELECT MAX(msg_id) FROM tc_messages;";
