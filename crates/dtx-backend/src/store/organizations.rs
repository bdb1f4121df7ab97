//! Organizations.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// Who holds leagues. Everything beneath it belongs to its owner.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Organization {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

impl Record for Organization {
    const NAME: &'static str = "organization";
    const TABLE: &'static str = "organizations";
    const SELECT: &'static str = "SELECT id, name, owner_id, created_at FROM organizations";
    const CONFLICT: &'static str = "another organization has this name";
    type Filter = OrganizationFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.owner_id
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrganizationFilter {
    owner: Option<i64>,
}

impl From<OrganizationFilter> for Conditions {
    fn from(filter: OrganizationFilter) -> Self {
        Self::new().equals("owner_id", filter.owner)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewOrganization {
    pub(crate) name: String,
}

/// What is to change of an organization; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OrganizationChanges {
    pub(crate) name: Option<String>,
    pub(crate) owner_id: Option<i64>,
}

impl Store {
    pub(crate) async fn create_organization(
        &self,
        new: &NewOrganization,
        owner_id: i64,
    ) -> Result<Organization, StoreError> {
        let query = "INSERT INTO organizations (name, owner_id, created_at) \
                     VALUES ($1, $2, $3) RETURNING id";
        self.insert(
            self.query(query)
                .bind(&new.name)
                .bind(owner_id)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_organization(
        &self,
        id: i64,
        changes: &OrganizationChanges,
    ) -> Result<Organization, StoreError> {
        let query = "UPDATE organizations SET name = COALESCE($2, name), \
                     owner_id = COALESCE($3, owner_id) WHERE id = $1";
        self.update(
            id,
            self.query(query)
                .bind(id)
                .bind(&changes.name)
                .bind(changes.owner_id),
        )
        .await
    }
}
