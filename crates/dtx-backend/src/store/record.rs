//! What all resources have in common.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::Tables;
use crate::store::Conditions;
use crate::store::query::FromEitherRow;

/// A resource of the site as it stands in the database and, the same, in the API.
pub(crate) trait Record: FromEitherRow + Serialize + 'static {
    /// The name of one, as labels have it: `team`.
    const NAME: &'static str;
    /// The name of its table and of its place in the API: `teams`.
    const TABLE: &'static str;
    /// What it is selected by, without conditions.
    const SELECT: &'static str;
    /// What is wrong when the database refuses a new or changed one.
    const CONFLICT: &'static str;
    /// What lists of it can be narrowed by: the query string.
    type Filter: DeserializeOwned + Into<Conditions> + Send;

    /// Its id.
    fn id(&self) -> i64;

    /// The user who may change it, beside the staff.
    fn owner_id(&self) -> i64;

    /// The tables that it has its part in.
    fn tables(&self) -> Option<Tables> {
        None
    }
}

/// Which part of a list is wanted. Pages count from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) page: u32,
    pub(crate) page_size: u32,
}

impl Page {
    /// How many records come before it.
    pub(super) fn offset(self) -> i64 {
        i64::from(self.page.saturating_sub(1)) * i64::from(self.page_size)
    }
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<R> {
    /// How many records there are on all pages together.
    pub(crate) count: i64,
    pub(crate) page: u32,
    pub(crate) page_size: u32,
    pub(crate) results: Vec<R>,
}
