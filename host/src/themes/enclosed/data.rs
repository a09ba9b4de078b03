//! What a plugin's templates see of data. Lists and maps are alike only when they are the same
//! one: to compare two of them word by word would cost much in one step.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{DynObject, Enumerator, Object, ObjectExt as _, ObjectRepr, Serde};

#[derive(Debug)]
struct List(Vec<Value>);

#[derive(Debug)]
struct Map(BTreeMap<Arc<str>, Value>);

/// `data`, as a template sees it.
pub(in crate::themes) fn of(data: &serde_json::Value) -> Value {
    match data {
        serde_json::Value::Array(list) => Value::from_object(List(list.iter().map(of).collect())),
        serde_json::Value::Object(map) => {
            map_of(map.iter().map(|(key, value)| (key.as_str(), of(value))))
        }
        plain => Value::from(Serde(plain)),
    }
}

/// A map, as a template sees it.
pub(in crate::themes) fn map_of<'a>(pairs: impl Iterator<Item = (&'a str, Value)>) -> Value {
    let map = pairs.map(|(key, value)| (Arc::from(key), value));
    Value::from_object(Map(map.collect()))
}

/// Their order in memory, which is equal for one and the same alone.
fn identity<T: Object + 'static>(one: &Arc<T>, other: &DynObject) -> Option<Ordering> {
    let other = other.downcast_ref::<T>()?;
    Some(std::ptr::from_ref(&**one).cmp(&std::ptr::from_ref(other)))
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        identity(self, other)
    }
}

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|map| Box::new(map.0.keys().map(|key| Value::from(&**key))))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        identity(self, other)
    }
}
