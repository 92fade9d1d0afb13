//! JSON Schemas of rule files, made from the shapes in `raw`.
//!
//! They are for editors and for people who write rules. The program itself does not read them:
//! it checks more than a schema can say, and says it with file, line and column. So a schema may
//! be laxer than the program, never stricter; `tests/schema.rs` holds both.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::condition::MODIFIERS;
use super::raw::{
    Ordered, RawAlarm, RawDialect, RawFactRule, RawFault, RawGuide, RawName, RawPort, RawRemedy,
    RawRunbook,
};
use super::release::Release;
use crate::model::format::FORMATS;

/// A span such as `500ms`, `30s`, `10m`, `2h` or `1d`.
pub(super) const SPAN: &str = r"^\s*[0-9]+\s*(ms|s|m|h|d)\s*$";

/// An id such as `cms.db.no-primary`.
pub(super) const ID: &str = r"^[a-z0-9-]([a-z0-9.-]*[a-z0-9-])?$";

/// The schema of every kind of rule file, by the name of the kind: `fault`, `fact`, `remedy`,
/// `dialect`, `guide`, `runbook`, `ports`, `alarms`, `names`, `locale`.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("fault", schema_of::<RawFault>("fault")),
        ("fact", schema_of::<RawFactRule>("fact")),
        ("remedy", schema_of::<RawRemedy>("remedy")),
        ("dialect", schema_of::<RawDialect>("dialect")),
        ("guide", schema_of::<RawGuide>("guide")),
        ("runbook", schema_of::<RawRunbook>("runbook")),
        ("ports", schema_of::<Vec<RawPort>>("ports")),
        ("alarms", schema_of::<Vec<RawAlarm>>("alarms")),
        ("names", schema_of::<Vec<RawName>>("names")),
        ("releases", schema_of::<Vec<Release>>("releases")),
        ("locale", schema_of::<Ordered<String>>("locale")),
    ]
}

fn schema_of<T: JsonSchema>(kind: &str) -> Schema {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    let name = format!("clusterdx.{kind}/1");
    schema.insert("$id".to_owned(), name.clone().into());
    schema.insert("title".to_owned(), name.into());
    schema
}

impl<V: JsonSchema> JsonSchema for Ordered<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("map_of_{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        json_schema!({"type": "object", "additionalProperties": value})
    }
}

/// One of the formats that the parsers emit.
pub(super) fn format(_: &mut SchemaGenerator) -> Schema {
    let known: Vec<&str> = FORMATS.iter().map(|def| def.id).collect();
    json_schema!({"type": "string", "enum": known})
}

/// A `where`: keys are a field and its modifiers, values are plain or lists of plain ones.
pub(super) fn conditions(_: &mut SchemaGenerator) -> Schema {
    let modifiers: Vec<&str> = MODIFIERS.iter().map(|(name, _)| *name).collect();
    let key = format!(r"^[^|]+(\|({}|all|cased))*$", modifiers.join("|"));
    let plain = json_schema!({"type": ["string", "number", "boolean"]});
    let tests = json_schema!({
        "type": "object",
        "propertyNames": {"pattern": key},
        "additionalProperties": {"anyOf": [plain, {"type": "array", "items": plain, "minItems": 1}]},
    });
    json_schema!({"anyOf": [tests, {"type": "array", "items": tests}]})
}

/// Exactly one comparison with a whole number.
pub(super) fn comparison(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["object", "null"],
        "propertyNames": {"enum": ["gt", "gte", "lt", "lte", "eq"]},
        "additionalProperties": {"type": "integer", "minimum": 0},
    })
}
