//! `clusterdx check external-db` against a real PostgreSQL that the test starts, and against
//! servers that are none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clusterdx::model::check::CheckReport;
use serde_json::Value;
use tempfile::TempDir;

/// The password of every role; no test may ever see it again.
const PASSWORD: &str = "ch4t-p4ssw0rd";

// ---- the program

/// One run of the program.
struct Run {
    code: i32,
    json: Value,
    errors: String,
    args: Vec<String>,
    password: Option<String>,
}

impl Run {
    /// The only entry with this id, or that of a node: `access imp1a`.
    fn check(&self, id: &str) -> &Value {
        let (id, about) = id
            .split_once(' ')
            .map_or((id, None), |(id, node)| (id, Some(node)));
        let found: Vec<&Value> = self.json["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["id"] == id && about.is_none_or(|node| check["about"] == node))
            .collect();
        assert_eq!(found.len(), 1, "{id} in {}", self.json);
        found[0]
    }

    /// The same run as text.
    fn text(&self) -> String {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let output = output(&args, self.password.as_deref());
        assert_eq!(output.status.code(), Some(self.code));
        let text = shown(&output.stdout);
        let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(hidden), "{text:?}");
        text
    }

    fn outcome(&self, id: &str) -> &str {
        self.check(id)["outcome"].as_str().unwrap()
    }

    /// Ids of everything that is neither fine nor skipped.
    fn told(&self) -> Vec<&str> {
        let checks = self.json["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| !["ok", "skipped"].contains(&check["outcome"].as_str().unwrap()))
            .map(|check| check["id"].as_str().unwrap())
            .collect()
    }

    /// The check came out so and says this in its summary, its statements or its evidence.
    fn says(&self, id: &str, outcome: &str, words: &str) {
        let check = self.check(id);
        assert_eq!(check["outcome"], outcome, "{check}");
        let text = check.to_string().replace("\\\"", "\"");
        assert!(text.contains(words), "no '{words}' in {check}");
    }
}

fn command(args: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterdx"));
    command
        .args(["check", "external-db"])
        .args(args)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("COLUMNS", "80")
        .env("HOME", home);
    command
}

fn finished(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a program that does not read it may be gone already
    _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn run(args: &[&str]) -> Run {
    run_with(args, Some(PASSWORD))
}

/// Runs the check, and holds what holds for every run.
fn run_with(args: &[&str], password: Option<&str>) -> Run {
    let output = output(&[args, &["--format", "json"]].concat(), password);
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", shown(&output.stderr)));
    well_formed(&value);
    Run {
        code: output.status.code().unwrap(),
        json: value,
        errors: shown(&output.stderr),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        password: password.map(str::to_owned),
    }
}

fn output(args: &[&str], password: Option<&str>) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut args: Vec<&str> = args.to_vec();
    if password.is_some() {
        args.extend(["--password-fd", "0"]);
    }
    let input = format!("{}\n", password.unwrap_or(""));
    let output = finished(command(&args, home.path()), &input);
    for bytes in [&output.stdout, &output.stderr] {
        let shown = shown(bytes);
        assert!(!shown.contains(PASSWORD), "the password is shown: {shown}");
    }
    output
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn well_formed(report: &Value) {
    let schema =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/schema/check-1.json"))
            .unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let wrong: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let back: CheckReport = serde_json::from_value(report.clone()).unwrap();
    assert_eq!(serde_json::to_value(back).unwrap(), *report);
    for check in report["checks"].as_array().unwrap() {
        let summary = check["summary"].as_str().unwrap();
        assert!(
            !summary.starts_with("check.") && !summary.contains(['{', '}']),
            "{check}"
        );
        if ["problem", "warning"].contains(&check["outcome"].as_str().unwrap()) {
            for part in ["meaning", "mend"] {
                let text = check[part]
                    .as_str()
                    .unwrap_or_else(|| panic!("no {part}: {check}"));
                assert!(!text.contains(['{', '}']), "{check}");
            }
        }
    }
}

// ---- a real server

/// A PostgreSQL server in a folder of its own, gone with the value.
struct Server {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

/// The folder with the programs of the newest PostgreSQL, or the reason to skip.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// PostgreSQL does not run as root.
fn as_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn done(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Server {
    /// Starts one with these settings and access lines.
    fn start(settings: &[&str], hba: &str) -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed below /usr/lib/postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let mut server = Self {
            folder,
            bin,
            port: 0,
        };
        let mut initdb = as_user(&server.bin.join("initdb"));
        initdb.arg("-D").arg(server.data());
        done(initdb.args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]));
        server.write_hba(hba);
        server.up(settings);
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write_hba(&self, lines: &str) {
        fs::write(
            self.data().join("pg_hba.conf"),
            format!("local all all trust\n{lines}"),
        )
        .unwrap();
    }

    /// Another program may take the port between the look and the start.
    fn up(&mut self, settings: &[&str]) {
        for _ in 0..5 {
            self.port = free_port();
            let mut options = format!(
                "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off -c password_encryption=scram-sha-256",
                self.port,
                self.folder.path().display()
            );
            for setting in settings {
                options.push_str(&format!(" -c {setting}"));
            }
            let mut start = as_user(&self.bin.join("pg_ctl"));
            start
                .arg("-D")
                .arg(self.data())
                .args(["-s", "-w", "-t", "60", "-o", &options, "-l"]);
            start.arg(self.folder.path().join("log")).arg("start");
            // its children keep what it inherits
            if start
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
            {
                return;
            }
        }
        panic!(
            "{}",
            fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
        );
    }

    fn down(&self, mode: &str) {
        let mut stop = as_user(&self.bin.join("pg_ctl"));
        stop.arg("-D")
            .arg(self.data())
            .args(["-s", "-w", "-m", mode, "stop"]);
        _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-h",
        ])
        .arg(self.folder.path())
        .args(["-p", &self.port.to_string(), "-d", database]);
        psql
    }

    fn sql(&self, database: &str, statements: &str) -> String {
        let mut child = self
            .psql(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(statements.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{statements}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Changes the access lines and waits until new connections follow them.
    fn hba(&self, lines: &str) {
        let loaded = |server: &Self| server.sql("postgres", "SELECT pg_conf_load_time()");
        let before = loaded(self);
        self.write_hba(lines);
        self.sql("postgres", "SELECT pg_reload_conf()");
        for _ in 0..200 {
            if loaded(self) != before {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the access lines were not read again");
    }

    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    fn check(&self, user: &str, database: &str, more: &[&str]) -> Run {
        let url = self.url(user, database);
        let mut args = vec!["--url", url.as_str()];
        args.extend(more);
        run(&args)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down("immediate");
    }
}

const TABLES: &str = "CREATE TABLE tc_rooms (room_jid text); CREATE TABLE tc_users (user_jid text);
    CREATE TABLE tc_timelog (direction text); CREATE TABLE tc_msgarchive (msg_id bigint);
    CREATE TABLE tc_messages (msg_id bigint PRIMARY KEY);
    CREATE TABLE xcp_sequence (name_id varchar(255), new_id bigint);
    INSERT INTO tc_messages SELECT generate_series(1, 1234);";

/// Roles and databases, each with one thing wrong.
fn furnish(server: &Server) {
    let role = |name: &str, more: &str| {
        server.sql(
            "postgres",
            &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {more}"),
        );
    };
    for name in ["tc", "other", "stranger", "banned", "identified"] {
        role(name, "");
    }
    role("limited", "CONNECTION LIMIT 1");
    role("shut_out", "CONNECTION LIMIT 0");
    role(
        "reader",
        "; ALTER ROLE reader SET default_transaction_read_only = on",
    );
    server.sql("postgres", "CREATE ROLE pack NOLOGIN; GRANT tc TO other");
    let create = |name: &str, more: &str| {
        server.sql("postgres", &format!("CREATE DATABASE {name} {more}"));
    };
    create("imp", "OWNER tc");
    server.sql("imp", "CREATE EXTENSION dblink; GRANT SELECT ON pg_hba_file_rules TO PUBLIC; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO PUBLIC;");
    server.sql(
        "imp",
        &format!("SET ROLE tc; {TABLES} INSERT INTO xcp_sequence VALUES ('tc_message_id', 1301);"),
    );
    create("bare", "");
    create("ascii", "OWNER tc ENCODING 'SQL_ASCII' TEMPLATE template0");
    create("closed", "");
    server.sql("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    create("forbidden", "OWNER tc TEMPLATE imp");
    server.sql("forbidden", "REVOKE EXECUTE ON FUNCTION dblink_connect(text), dblink_connect(text, text) FROM PUBLIC; UPDATE xcp_sequence SET new_id = 1201;");
    create("partly", "OWNER tc TEMPLATE imp");
    server.sql("partly", "DROP TABLE tc_rooms, tc_timelog, xcp_sequence");
    create("foreign_tables", "OWNER tc TEMPLATE imp");
    server.sql("foreign_tables", "CREATE SCHEMA old; GRANT USAGE ON SCHEMA old TO PUBLIC; ALTER TABLE tc_rooms SET SCHEMA old; ALTER TABLE tc_users SET SCHEMA old; ALTER TABLE tc_timelog SET SCHEMA old; ALTER TABLE tc_msgarchive SET SCHEMA old; ALTER TABLE tc_messages SET SCHEMA old; ALTER TABLE xcp_sequence SET SCHEMA old; DELETE FROM old.xcp_sequence;");
    create("trusted", "");
}

const HBA: &str = "host all banned 127.0.0.1/32 reject
host all identified 127.0.0.1/32 ident
host trusted all 127.0.0.1/32 trust
host all tc,other,limited,shut_out,reader 127.0.0.1/32 scram-sha-256
host imp tc 10.60.1.11/32 scram-sha-256
host imp tc 10.60.2.0/24 reject
hostssl imp tc 10.60.3.0/24 scram-sha-256
host imp tc 10.60.4.0/24 trust
host imp tc 10.60.5.0/24 cert
host imp +pack,/^t 10.60.6.0/24 md5
";

#[test]
fn a_real_server_is_judged_rightly() {
    let Some(mut server) = Server::start(&[], "") else {
        return;
    };
    furnish(&server);
    // the method cert is for hostssl alone: such a file is refused
    server.hba(&HBA.replace("host imp tc 10.60.5.0/24 cert\n", ""));
    let counter = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
    let dump = |server: &Server| {
        let mut dump = Command::new(server.bin.join("pg_dumpall"));
        dump.args(["-U", "postgres", "-h"])
            .arg(server.folder.path());
        // newer versions put a word of their own into each dump
        let text = done(dump.args(["-p", &server.port.to_string()]));
        let lines = text
            .lines()
            .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let before = (dump(&server), server.sql("imp", counter));
    good_cases(&server);
    logins(&server);
    databases(&server);
    access_lines(&server);
    let after = (dump(&server), server.sql("imp", counter));
    assert_eq!(before.1, after.1, "a transaction that writes was begun");
    assert!(before.0 == after.0, "the databases are not what they were");
    locked(&server);
    server.down("fast");
    let signal = server.data().join("standby.signal");
    fs::write(&signal, "").unwrap();
    server.up(&[]);
    let found = server.check("tc", "imp", &[]);
    found.says("writable", "problem", "standby");
    assert_eq!(found.told(), ["writable"]);
    assert_eq!(found.code, 1);
    server.down("fast");
    let found = server.check("tc", "imp", &[]);
    found.says("reachable", "problem", "refuses connections");
    assert_eq!(found.code, 3);
}

fn good_cases(server: &Server) {
    let found = server.check("tc", "imp", &["--both-nodes", "10.60.1.11,127.0.0.1"]);
    assert_eq!(found.told(), [""; 0], "{}", found.text());
    assert_eq!(found.code, 0, "{}", found.text());
    assert_eq!(found.json["verdict"], "healthy");
    assert_eq!(found.json["target"]["user"], "tc");
    assert_eq!(found.json["target"]["tls"], false);
    assert!(
        found
            .text()
            .starts_with("HEALTHY  Database imp on 127.0.0.1:"),
        "{}",
        found.text()
    );
    assert_eq!(found.errors, "");
    found.says("sequence", "ok", "max(msg_id) = 1234");
    // what nobody looked at is said, and is no fault
    let found = server.check("tc", "imp", &[]);
    assert_eq!((found.code, found.outcome("access")), (0, "skipped"));
    // a release of the rules that knows other versions
    let rules = tempfile::tempdir().unwrap();
    fs::write(
        rules.path().join("releases.yaml"),
        "- {release: '15', databases: [{engine: postgresql, from: '98', to: '99'}]}\n- {release: '14', databases: [{engine: postgresql, from: '7', to: '8'}]}\n",
    )
    .unwrap();
    let folder = rules.path().to_str().unwrap();
    let found = server.check("tc", "imp", &["--rules", folder, "--release", "15SU2"]);
    found.says(
        "version",
        "problem",
        "too old: IM and Presence 15 supports 98-99",
    );
    assert_eq!(found.code, 1);
    let found = server.check(
        "tc",
        "imp",
        &["--rules", folder, "--release", "14", "--fail-on", "never"],
    );
    found.says("version", "problem", "too new");
    assert_eq!(found.code, 0);
    let found = server.check("tc", "imp", &["--rules", folder]);
    found.says("version", "unknown", "11.5");
}

fn logins(server: &Server) {
    let url = server.url("tc", "imp");
    let found = run_with(&["--url", &url], Some("wrong"));
    found.says("login", "problem", "28P01");
    found.says("login", "problem", "\\\\password tc");
    assert_eq!((found.code, found.outcome("version")), (1, "skipped"));
    let found = run_with(&["--url", &url], None);
    found.says("login", "unknown", "none was given");
    assert_eq!(found.code, 3);
    let found = server.check("tc", "imp", &["--lang", "ko"]);
    assert!(found.text().starts_with("정상"), "{}", found.text());
    for (user, database, words) in [
        ("nobody_here", "trusted", "There is no role nobody_here."),
        ("pack", "trusted", "ALTER ROLE pack LOGIN;"),
        ("banned", "imp", "An access line rejects the role banned"),
        ("stranger", "imp", "host imp stranger 10.60.1.11/32"),
        (
            "identified",
            "imp",
            "a proof that the role identified cannot give",
        ),
        ("shut_out", "imp", "no connection left"),
    ] {
        let found = server.check(user, database, &["--both-nodes", "10.60.1.11,10.60.1.12"]);
        found.says("login", "problem", words);
        assert_eq!(found.told(), ["login"], "{user}");
        assert_eq!(found.code, 1, "{user}");
    }
    let found = server.check("limited", "imp", &[]);
    found.says("connections", "warning", "Only 0 of 1 connections are free");
    let found = server.check("reader", "imp", &[]);
    found.says(
        "writable",
        "problem",
        "ALTER ROLE reader RESET default_transaction_read_only;",
    );
    let wants_tls = format!("{url}?sslmode=require");
    let found = run(&["--url", &wants_tls]);
    found.says("tls", "unknown", "the server offers none");
    assert_eq!(found.code, 3);
}

fn databases(server: &Server) {
    let found = server.check("tc", "nowhere", &[]);
    assert_eq!(found.outcome("login"), "ok");
    found.says(
        "database",
        "problem",
        "CREATE DATABASE nowhere OWNER tc ENCODING 'UTF8' TEMPLATE template0;",
    );
    assert_eq!((found.told(), found.code), (vec!["database"], 1));
    let found = server.check("tc", "closed", &[]);
    found.says(
        "database",
        "problem",
        "GRANT CONNECT ON DATABASE closed TO tc;",
    );

    let found = server.check("tc", "ascii", &[]);
    found.says("encoding", "problem", "SQL_ASCII");

    let found = server.check("tc", "bare", &["--both-nodes", "10.60.1.11,10.60.1.12"]);
    found.says(
        "rights",
        "problem",
        "GRANT USAGE, CREATE ON SCHEMA public TO tc;",
    );
    found.says("dblink", "warning", "CREATE EXTENSION dblink;");
    found.says(
        "access",
        "unknown",
        "host bare tc 10.60.1.12/32 scram-sha-256",
    );
    found.says("tables", "warning", "holds no table of Text Conference");
    assert_eq!(found.told(), ["rights", "dblink", "access", "tables"]);
    assert_eq!(found.outcome("sequence"), "skipped");

    let found = server.check("tc", "forbidden", &[]);
    found.says(
        "dblink",
        "warning",
        "GRANT EXECUTE ON FUNCTION public.dblink_connect(text, text) TO tc;",
    );
    found.says(
        "sequence",
        "problem",
        "UPDATE public.xcp_sequence SET new_id = 1301 WHERE name_id = 'tc_message_id';",
    );
    assert_eq!(found.told(), ["dblink", "sequence"]);

    let found = server.check("tc", "partly", &[]);
    found.says("tables", "problem", "tc_rooms, tc_timelog");
    found.says("sequence", "problem", "xcp_sequence is not");

    let found = server.check("other", "forbidden", &[]);
    assert_eq!(found.outcome("tables"), "ok", "a member of the owner");
    let found = server.check("reader", "imp", &[]);
    found.says(
        "tables",
        "problem",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader;",
    );

    let found = server.check("tc", "foreign_tables", &[]);
    found.says(
        "tables",
        "problem",
        "ALTER ROLE tc IN DATABASE foreign_tables SET search_path = old;",
    );
    found.says("sequence", "problem", "no row");
}

fn access_lines(server: &Server) {
    for (node, outcome, words) in [
        ("10.60.1.11", "ok", "pg_hba.conf"),
        (
            "10.60.1.12",
            "problem",
            "host imp tc 10.60.1.12/32 scram-sha-256",
        ),
        ("10.60.2.9", "problem", "reject"),
        (
            "10.60.3.9",
            "problem",
            "hostssl imp tc 10.60.3.0 255.255.255.0 scram-sha-256",
        ),
        ("10.60.4.9", "warning", "without a password"),
        ("2001:db8::1", "problem", "2001:db8::1/128"),
        ("no-such-node.invalid", "unknown", "No address is known"),
    ] {
        let nodes = format!("127.0.0.1,{node}");
        let found = server.check("tc", "imp", &["--both-nodes", &nodes]);
        assert_eq!(found.outcome("access 127.0.0.1"), "ok");
        found.says(&format!("access {node}"), outcome, words);
        assert_eq!(
            found.code,
            i32::from(["problem", "warning"].contains(&outcome)),
            "{node}"
        );
    }
    // a name that only the server can look up stands before the line that would decide
    server.hba("host imp tc .apolo.local md5\nhost all all all scram-sha-256\n");
    let found = server.check("tc", "imp", &["--both-nodes", "10.60.1.11,10.60.1.12"]);
    found.says("access 10.60.1.11", "unknown", "imp tc .apolo.local md5");
    assert_eq!(found.code, 0);
    // the server keeps the lines that it has and cannot read those of the file
    server.write_hba("host all all all scram-sha-256\nhost imp nonsense\n");
    let found = server.check("tc", "imp", &["--both-nodes", "10.60.1.11"]);
    let checks = found.json["checks"].to_string();
    assert!(
        checks.contains("holds a line that the server cannot read"),
        "{checks}"
    );
    server.hba(HBA.replace("host imp tc 10.60.5.0/24 cert\n", "").as_str());
}

/// A table that somebody has locked is not waited for beyond the time given.
fn locked(server: &Server) {
    let mut holder = server
        .psql("imp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = holder.stdin.take().unwrap();
    input
        .write_all(b"BEGIN; LOCK TABLE xcp_sequence IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "held\n");
    let begun = Instant::now();
    let found = server.check("tc", "imp", &["--timeout", "1s"]);
    found.says("sequence", "unknown", "does not answer in time");
    assert_eq!(found.code, 0);
    assert!(begun.elapsed() < Duration::from_secs(15));
    input.write_all(b"ROLLBACK;\n").unwrap();
    drop(input);
    ended(holder);
}

fn ended(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

// ---- TLS

/// An authority and a certificate of it for `localhost`, made by openssl.
fn certificates(folder: &Path) -> Option<()> {
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(folder)
            .output();
        output
            .ok()
            .filter(|output| output.status.success())
            .map(drop)
    };
    let request = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
    ];
    for name in ["ca", "other"] {
        let (subject, key, crt) = (
            format!("/CN={name}"),
            format!("{name}.key"),
            format!("{name}.crt"),
        );
        openssl(
            &[
                &request[..],
                &["-subj", &subject, "-keyout", &key, "-out", &crt],
            ]
            .concat(),
        )?;
    }
    openssl(&[
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=db1",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    ])?;
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        "names",
        "-out",
        "server.crt",
    ])
}

#[test]
fn tls_is_told_apart_from_what_the_nodes_need() {
    let certs = tempfile::tempdir().unwrap();
    if certificates(certs.path()).is_none() {
        eprintln!("skipped: openssl makes no certificates here");
        return;
    }
    let Some(mut server) = Server::start(&[], "") else {
        return;
    };
    server.sql("postgres", &format!("CREATE ROLE tc LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE secure LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE carded LOGIN; CREATE DATABASE imp OWNER tc;"));
    server.down("fast");
    for name in ["server.key", "server.crt"] {
        let to = server.data().join(name);
        fs::copy(certs.path().join(name), &to).unwrap();
        done(Command::new("chmod").arg("600").arg(&to));
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(&to));
        }
    }
    let authority = server.data().join("ca.crt");
    fs::copy(certs.path().join("ca.crt"), &authority).unwrap();
    done(Command::new("chmod").arg("644").arg(&authority));
    server.write_hba("hostssl all carded all cert\nhostssl all secure all scram-sha-256\nhost all tc all scram-sha-256\nhost all tc samenet md5\n");
    server.up(&["ssl=on", "ssl_ca_file=ca.crt"]);
    let port = server.port;
    let check = |user: &str, query: &str| {
        run(&[
            "--url",
            &format!("postgres://{user}@localhost:{port}/imp?{query}"),
            "--both-nodes",
            "10.60.1.11,10.60.1.12",
        ])
    };
    let root = |name: &str| certs.path().join(name).display().to_string();
    let (good, bad) = (root("ca.crt"), root("other.crt"));

    let found = check("tc", "");
    found.says("tls", "ok", "takes this role in clear as well");
    found.says("tls", "ok", "certificate \"db1\", issued by \"ca\"");
    assert_eq!(found.json["target"]["tls"], true);
    let found = check("tc", "sslmode=disable");
    found.says("tls", "ok", "made in clear");
    assert_eq!(found.json["target"]["tls"], false);
    for mode in ["verify-full", "verify-ca", "require"] {
        let found = check("tc", &format!("sslmode={mode}&sslrootcert={good}"));
        assert_eq!(found.outcome("tls"), "ok", "{mode}");
        let found = check("tc", &format!("sslmode={mode}&sslrootcert={bad}"));
        found.says("tls", "problem", "UnknownIssuer");
        assert_eq!(
            (found.code, found.outcome("login")),
            (3, "skipped"),
            "{mode}"
        );
    }
    // the name of the certificate counts for verify-full alone
    let by_address = |mode: &str| {
        run(&[
            "--url",
            &format!("postgres://tc@127.0.0.1:{port}/imp?sslmode={mode}&sslrootcert={good}"),
        ])
    };
    assert_eq!(by_address("verify-ca").outcome("tls"), "ok");
    by_address("verify-full").says("tls", "problem", "not valid for name");

    let found = check("secure", "");
    found.says("tls", "problem", "over TLS only");
    found.says("tls", "problem", "host imp secure 10.60.1.12/32");
    assert_eq!((found.outcome("login"), found.code), ("ok", 1));
    let found = check("secure", "sslmode=disable");
    found.says("tls", "problem", "over TLS only");
    assert_eq!(found.outcome("login"), "problem");
    let found = check("carded", "");
    found.says("login", "problem", "wants a certificate of the client");
}

// ---- servers that are none

/// Listens, and does this with every connection until the test ends.
fn fake(behaviour: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let behaviour = std::sync::Arc::new(behaviour);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let behaviour = std::sync::Arc::clone(&behaviour);
            thread::spawn(move || behaviour(stream));
        }
    });
    port
}

fn check_port(port: u16) -> Run {
    run(&[
        "--url",
        &format!("postgres://tc@127.0.0.1:{port}/imp"),
        "--timeout",
        "1s",
    ])
}

/// Reads a message of the length that it states; the first ones have no letter in front.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
    stream.read_exact(&mut body).unwrap();
    body
}

fn message(letter: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[letter], &length.to_be_bytes()[..], body].concat()
}

#[test]
fn ports_without_a_database_leave_nothing_to_claim() {
    let found = check_port(free_port());
    found.says("reachable", "problem", "refuses connections");
    assert_eq!((found.code, found.told()), (3, vec!["reachable"]));

    let found = run(&[
        "--url",
        "postgres://tc@no-such-host.invalid/imp",
        "--timeout",
        "2s",
    ]);
    found.says("reachable", "problem", "No address is known");
    assert_eq!(found.code, 3);

    let silent = fake(|mut stream| {
        // until the other side is gone
        _ = stream.read_to_end(&mut Vec::new());
    });
    let found = check_port(silent);
    found.says("protocol", "problem", "says nothing for 1 s");
    assert_eq!(found.code, 3);

    let closing = fake(|mut stream| drop(request(&mut stream)));
    let found = check_port(closing);
    found.says("protocol", "problem", "closes it without an answer");

    for banner in [
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "220 mail ESMTP\r\n",
    ] {
        let other = fake(move |mut stream| {
            stream.write_all(banner.as_bytes()).unwrap();
            _ = stream.read_to_end(&mut Vec::new());
        });
        let found = check_port(other);
        found.says(
            "protocol",
            "problem",
            banner.split(' ').next().unwrap().trim(),
        );
        assert_eq!(found.code, 3);
    }
}

#[test]
fn a_hostile_server_reaches_neither_terminal_nor_memory() {
    let words = format!(
        "S\u{1b}[2JFATAL\0VFATAL\0C28P01\0Mgo away\u{1b}]0;x\u{7}\u{202e}\nerror: forged {PASSWORD}\0\0"
    );
    let hostile = fake(move |mut stream| {
        request(&mut stream);
        stream.write_all(b"N").unwrap();
        _ = stream.read_to_end(&mut Vec::new());
    });
    // it says no TLS, and the connection that follows is another one
    let found = check_port(hostile);
    assert_eq!(found.outcome("login"), "problem");

    let rude = fake(move |mut stream| {
        if request(&mut stream) == [0x04, 0xd2, 0x16, 0x2f] {
            stream.write_all(b"N").unwrap();
        } else {
            // it wants the password in clear and sends it back
            stream
                .write_all(&message(b'R', &3u32.to_be_bytes()))
                .unwrap();
            let mut letter = [0];
            stream.read_exact(&mut letter).unwrap();
            request(&mut stream);
            stream.write_all(&message(b'E', words.as_bytes())).unwrap();
        }
    });
    let found = check_port(rude);
    found.says("login", "problem", "28P01");
    assert!(
        found
            .text()
            .contains("go away\\x1b]0;x\\x07\\u{202e}\\nerror: forged ***"),
        "{}",
        found.text()
    );

    let endless = fake(|mut stream| {
        if request(&mut stream) == [0x04, 0xd2, 0x16, 0x2f] {
            stream.write_all(b"N").unwrap();
        } else {
            let notice = message(
                b'N',
                &[
                    &b"SNOTICE\0VNOTICE\0C00000\0M"[..],
                    &vec![b'x'; 1 << 16],
                    b"\0\0",
                ]
                .concat(),
            );
            while stream.write_all(&notice).is_ok() {}
        }
    });
    let begun = Instant::now();
    let found = run(&[
        "--url",
        &format!("postgres://tc@127.0.0.1:{endless}/imp"),
        "--timeout",
        "30s",
    ]);
    assert_eq!(found.outcome("login"), "problem");
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn other_engines_say_what_was_not_looked_at() {
    let port = fake(drop);
    for (scheme, words) in [
        ("oracle", "GRANT CREATE PUBLIC DATABASE LINK TO user_name;"),
        ("sqlserver", "Merging is not supported for SQL Server."),
        ("mssql", "2016-2022"),
    ] {
        let found = run_with(
            &["--url", &format!("{scheme}://tc@127.0.0.1:{port}/imp")],
            None,
        );
        assert_eq!(found.outcome("reachable"), "ok");
        assert_eq!(
            (found.code, &found.json["verdict"]),
            (3, &Value::from("insufficient"))
        );
        found.says("login", "unknown", "cannot log in");
        assert!(found.json.to_string().contains(words), "{scheme}");
        let found = run_with(
            &["--url", &format!("{scheme}://127.0.0.1:{}", free_port())],
            None,
        );
        found.says("reachable", "problem", "refuses connections");
        assert_eq!(found.code, 3);
    }
}

// ---- usage

#[test]
fn wrong_usage_is_told_before_anything_is_done() {
    let home = tempfile::tempdir().unwrap();
    for (args, words) in [
        (
            &["--url", "mysql://u:ch4t-p4ssw0rd@h/d"] as &[&str],
            "cause: its scheme is none of",
        ),
        (&["--url", "postgres://h"], "it names no user"),
        (&["--url", "postgres://u@h"], "it names no database"),
        (&[], "missing: --url <URL>"),
        (
            &["--url", "postgres://u@h/d", "--both-nodes", "a,b,c"],
            "more than two",
        ),
        (
            &["--url", "postgres://u@h/d", "--both-nodes", "a,"],
            "an empty name",
        ),
        (
            &["--url", "postgres://u@h/d", "--release", "9"],
            "known releases: 11.5, 14, 15",
        ),
        (
            &["--url", "postgres://u@h/d", "--password-fd", "99"],
            "cannot read the password from file descriptor 99",
        ),
        (
            &["--url", "postgres://u@h/d", "--format", "yaml"],
            "is not a value of",
        ),
        (&["--url", "postgres://u@h/d?sslmode=verify-ca"], "root.crt"),
        (
            &["--url", "postgres://u@h/d?sslrootcert=/dev/null"],
            "no certificate in PEM form",
        ),
    ] {
        let output = finished(command(args, home.path()), "");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {errors}");
        assert!(
            errors.starts_with("error: ") && errors.contains(words),
            "{args:?}: {errors}"
        );
        assert!(
            !errors.contains(PASSWORD) && output.stdout.is_empty(),
            "{errors}"
        );
    }
}

#[cfg(unix)]
#[test]
fn passwords_come_from_a_private_file_and_are_frowned_at_in_a_url() {
    use std::os::unix::fs::PermissionsExt as _;
    // a server that wants a password in clear and says which one it got
    let asking = fake(|mut stream| {
        if request(&mut stream) == [0x04, 0xd2, 0x16, 0x2f] {
            stream.write_all(b"N").unwrap();
            return;
        }
        stream
            .write_all(&message(b'R', &3u32.to_be_bytes()))
            .unwrap();
        let mut letter = [0];
        if stream.read_exact(&mut letter).is_err() {
            return;
        }
        let right = request(&mut stream) == [PASSWORD.as_bytes(), b"\0"].concat();
        let state = if right { "57P03" } else { "28P01" };
        let words = format!("SFATAL\0VFATAL\0C{state}\0Mno\0\0");
        stream.write_all(&message(b'E', words.as_bytes())).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pass");
    fs::write(&file, format!("# mine\n127.0.0.1:*:imp:tc:{PASSWORD}\n")).unwrap();
    let url = format!("postgres://tc@127.0.0.1:{asking}/imp");
    let with_file = |mode: u32| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = command(&["--url", &url, "--format", "json"], folder.path());
        command.env("PGPASSFILE", &file);
        let output = finished(command, "");
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (out, errors) = with_file(0o600);
    assert!(out.contains("57P03") && errors.is_empty(), "{out}{errors}");
    let (out, errors) = with_file(0o644);
    assert!(out.contains("none was given"), "{out}");
    assert!(
        errors.starts_with("warning: '") && errors.contains("others may read it"),
        "{errors}"
    );
    // below the home folder as well
    fs::rename(&file, folder.path().join(".pgpass")).unwrap();
    fs::set_permissions(
        folder.path().join(".pgpass"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    let output = finished(command(&["--url", &url], folder.path()), "");
    assert!(String::from_utf8(output.stdout).unwrap().contains("57P03"));

    let with_password = format!("postgres://tc:{PASSWORD}@127.0.0.1:{asking}/imp");
    let found = run_with(&["--url", &with_password], None);
    found.says("login", "problem", "57P03");
    assert!(
        found.errors.starts_with("warning: the password in the URL"),
        "{}",
        found.errors
    );
}

#[test]
fn a_result_can_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.json");
    let url = format!("postgres://tc@127.0.0.1:{}/imp", free_port());
    let args = [
        "--url",
        &url,
        "--format",
        "json",
        "--output",
        path.to_str().unwrap(),
    ];
    let output = finished(command(&args, folder.path()), "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    well_formed(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap());
}
