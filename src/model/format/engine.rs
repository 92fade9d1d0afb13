//! The formats of the engines below the products, wherever they run: PostgreSQL and Erlang.

use super::{FormatDef, common, made, raw};
use crate::model::node::Product;

/// PostgreSQL's server log.
pub(super) const POSTGRESQL: FormatDef = FormatDef {
    id: "postgresql.log",
    parser: "postgresql.log",
    product: Product::Postgresql,
    always_parsed: false,
    // it says nothing of its own host; what it names are clients
    names_node: true,
    fields: &[
        // LOG, ERROR, FATAL, …, whatever the server's language
        made("severity"),
        // with the lines on which it goes on
        raw("message"),
        raw("detail"),
        raw("hint"),
        raw("statement"),
        raw("context"),
        raw("query"),
        raw("location"),
        common("pid"),
        common("user"),
        common("database"),
        common("application"),
        // where the session comes from
        common("client"),
        common("client_port"),
        raw("sqlstate"),
        // the server's own, where syslog or an operator names it
        common("host"),
    ],
};

/// What PostgreSQL's client library says.
pub(super) const LIBPQ: FormatDef = FormatDef {
    id: "libpq.text",
    parser: "libpq.text",
    product: Product::Postgresql,
    always_parsed: false,
    // it says nothing of its own host; what it names are servers
    names_node: true,
    fields: &[
        // as the client was told, and the address behind it where it is a name
        raw("host"),
        raw("address"),
        // the address, else the host
        common("server"),
        common("port"),
        raw("reason"),
    ],
};

/// Reports of Erlang nodes: the old error logger's, logger's lines, RabbitMQ's, ejabberd's and EMQX's.
pub(super) const ERLANG: FormatDef = FormatDef {
    id: "erlang.log",
    parser: "erlang.log",
    product: Product::Mnesia,
    always_parsed: false,
    names_node: false,
    fields: &[
        // debug, info, notice, warning, error or critical, whatever the style's spelling
        made("level"),
        raw("pid"),
        // with the lines on which it goes on, joined by line feeds
        raw("message"),
        // the node that writes, where the record says so
        common("host"),
        // what it says of another node: inconsistent_database, mnesia_down, mnesia_up, node_down, node_up,
        // not_responding or connection_rejected; of itself: mnesia_stopped or mnesia_started
        made("event"),
        // that node
        raw("other"),
        // running_partitioned_network or starting_partitioned_network; why a connection is gone or refused
        raw("reason"),
    ],
};
