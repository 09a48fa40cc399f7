//! The vendors of a merchant, set up by the operator.

use shared::ids::MerchantId;
use shared::vendor::Vendor;

use super::bulk_orders::partition;
use super::keys;
use super::table::Item;
use super::{StoreError, Table};

const VENDORS_MAX: usize = 1_000;

impl Table {
    pub(crate) async fn vendors(&self, merchant: &MerchantId) -> Result<Vec<Vendor>, StoreError> {
        let items = self.query(VENDORS_MAX, |query| partition(query, keys::vendors(merchant.as_str()))).await?;
        items.iter().map(vendor).collect()
    }
}

fn vendor(item: &Item) -> Result<Vendor, StoreError> {
    let json = item.get("vendor").and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default();
    serde_json::from_str(json).map_err(|error| StoreError::Fault(format!("a vendor is unreadable: {error}")))
}
