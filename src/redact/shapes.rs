//! Where names stand: in which fields of records, and in which shapes of text.

/// Fields of records that hold hosts, by whatever format.
pub(super) const HOSTS: &[&str] = &[
    "host",
    "prompt_host",
    "reporter",
    "subject",
    "hostname",
    "node",
    "peer",
    "me",
    "full_name",
    "NodeID",
    "FromNode",
    "ToNode",
    "remote_peer",
    "node_in_use",
    "block",
    "Common-name",
    "subject_cn",
    "issuer_cn",
    "san",
    "server_cn",
    "client_cn",
    "server_name",
    "client_name",
    "server_issuer",
    "client_issuer",
    "sni",
    "Peer",
    "from",
    "to",
    "other",
    "failed_node",
    "remote_host",
    "client",
    "server",
    "system_name",
    "cluster_name",
    "ClusterID",
];
/// Fields that hold people or accounts.
pub(super) const USERS: &[&str] = &["User", "UserID", "user", "role", "owner"];
/// Fields that hold other names.
pub(super) const OTHERS: &[&str] = &[
    "database",
    "slot",
    "dbName",
    "application",
    "subcluster",
    "alias",
];

/// Shapes of texts that hold names: the kind of what is in their group.
pub(super) const SHAPES: &[(Shape, &str)] = &[
    (
        Shape::Address,
        r"(?P<u>[A-Za-z0-9._%+\-]{1,128})@(?P<h>\[?[A-Za-z0-9\-_]+(?:\.[A-Za-z0-9\-_]+)*)",
    ),
    (
        Shape::Address,
        r"(?i)(?P<u>[a-z0-9._+\-]{1,128})%40(?P<h>[a-z0-9\-_]+(?:\.[a-z0-9\-_]+)*)",
    ),
    (
        Shape::Uri,
        r"(?P<s>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^\s/@<>]*@)?(?P<h>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)",
    ),
    (
        Shape::User,
        r#"(?i)\b(?:user(?:[_ -]?(?:name|id))?|usename|rolname|login(?:[_ ]?name)?|account|owner(?:jid)?|uid|end[_ ]?user)["']?\s*[=:]\s*["']?(?P<u>[^\s"',;<>&()\[\]{}|=]{2,64})"#,
    ),
    (
        Shape::User,
        r"(?i)<(?:[\w.-]*user(?:name|id)?|login|owner|ownerjid)(?:\s[^<>]*)?>(?P<u>[^<>\s]{2,128})</",
    ),
    (
        Shape::Host,
        r#"(?i)\b(?:peer|node|host|server|machine|replica|primary|subscriber|publisher|from|to|with) "?(?P<h>[a-z][a-z-]*\d+[a-z]?)\b"#,
    ),
    (Shape::User, r#"(?i)\b(?:user|role) "(?P<u>[^"\s]{1,64})""#),
    (
        Shape::User,
        r"(?i)\bfor (?:invalid user |user )?(?P<u>[A-Za-z0-9._-]{2,64}) from\b",
    ),
    (
        Shape::User,
        r"(?i)\bsession (?:opened|closed) for user (?P<u>[A-Za-z0-9._-]{2,64})",
    ),
    (
        Shape::User,
        r"(?i)(?:/home/|\\Users\\)(?P<u>[A-Za-z0-9._-]{2,64})",
    ),
    (
        Shape::User,
        r#"(?i)\bsips?:(?P<u>[A-Za-z0-9._%+\-]{2,64})[@;>"']"#,
    ),
    (
        Shape::Name,
        r#"(?i)\b(?:database|dbname|datname|slot) ?[=:]? ?"(?P<n>[^"\s]{1,64})""#,
    ),
    (
        Shape::Host,
        r#"(?i)\b(?:from|to)?node(?: \d+)?[_ ]?(?:id|name)?["']?\s*[=:]\s*["']?(?P<h>[a-z][a-z_-]*\d+[a-z]?(?:\.[a-z0-9_-]+)*)\b"#,
    ),
    // a cell of the page that tests external databases
    (
        Shape::Name,
        r"(?:^|[\t|] ?)(?P<n>[A-Za-z][A-Za-z0-9_-]{1,63}) at \d{1,3}(?:\.\d{1,3}){3}\b",
    ),
    (Shape::Name, r"(?i)\bdb_?name=(?P<n>[A-Za-z0-9._-]{1,64})"),
    (
        Shape::Name,
        r"(?i)\bjdbc:[a-z]+://[^\s/]+/(?P<n>[A-Za-z0-9._-]{1,64})",
    ),
    (
        Shape::Host,
        r#"(?i)\b(?:host(?:[_ -]?name)?|fqdn|nodename|node[_ ]?id|server[_ ]?name|system[_ ]?name|remote(?:peer)?(?:address|host|node)|peer[_ ]?(?:name|address))["']?\s*[=:]\s*["']?(?P<h>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"#,
    ),
    (
        Shape::Host,
        r"(?i)<(?:[\w.-]*host(?:name)?|fqdn|nodename|servername|domain(?:name)?|system_?name)(?:\s[^<>]*)?>(?P<h>[A-Za-z0-9_.-]+)</",
    ),
    (
        Shape::Leaf,
        r#"(?i)^\*?[cs]?\s*x(?:configuration|status)?\s.*\b(?:system(?:unit)? name|cluster(?:ing)? name|domain(?:s)?(?: \d+)? name|hostname|domain \w*name|user ?name|account name|display ?name|zone \d+ name|contact|location)\s*:\s*"?(?P<l>[^"\r\n]{1,128})"#,
    ),
    (
        Shape::Person,
        r#"(?i)\b(?:display[_ ]?name|full[_ ]?name|given[_ ]?name|sur[_ ]?name|first[_ ]?name|last[_ ]?name)["']?\s*[=:]\s*["'](?P<l>[^"'\r\n]{1,128})["']"#,
    ),
    (
        Shape::Person,
        r"(?i)<(?:display_?name|full_?name|first_?name|last_?name)(?:\s[^<>]*)?>(?P<l>[^<>\r\n]{1,128})</",
    ),
    (
        Shape::Subject,
        r#"\b(?:CN|O|OU|L|ST|DC|emailAddress)\s?=\s?"?(?P<l>[^,/\r\n"+<>]{1,128})"#,
    ),
];

/// What a shape holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Address,
    Uri,
    User,
    Host,
    Name,
    /// A value of a dump.
    Leaf,
    /// A person's name in words.
    Person,
    /// A part of a certificate's subject.
    Subject,
}
