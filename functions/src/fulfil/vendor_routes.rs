//! Routing of the open lines of a network order to vendors.

use shared::order::{Assignment, LineStatus, Port};
use shared::vendor::{MANUAL_VENDOR, route};

use crate::store::Table;
use crate::store::network_orders::FoundOrder;
use crate::store::stored::StoredOrder;

/// A vendor for each open line by its SKU, or the manual vendor if none matches. Test orders use the built-in vendor.
pub(super) async fn assignments(table: &Table, order: StoredOrder) -> Result<Vec<Assignment>, String> {
    let merchant = order.state.key.merchant().ok_or("the order has no merchant")?;
    let vendors = table.vendors(&merchant).await?;
    let order = FoundOrder::from_stored(order)?;
    let is_test = order.request.is_test.unwrap_or(false);
    let assignment = |line: usize| {
        let sku = order.request.items.get(line).map(|item| item.sku.as_str()).unwrap_or_default();
        let (vendor, port) = match route(&vendors, sku) {
            Some(vendor) => (vendor.id.clone(), vendor.port),
            None => (MANUAL_VENDOR.to_owned(), Port::Manual),
        };
        Assignment { line, vendor, port: if is_test { Port::Simulated } else { port } }
    };
    Ok(order.state.lines.indexes(|line| line == LineStatus::Open).map(assignment).collect())
}
