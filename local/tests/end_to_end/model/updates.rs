//! Merge patches of orders and items, edit by edit.

use serde_json::{Value, json};

use super::aggregate::{Item, Line, NotAllowed, Order, amount};

/// A violation: code and pointer.
pub(super) type Violation = (&'static str, String);

/// An edit of one member of an order.
#[derive(Clone, Debug)]
pub(super) enum OrderEdit {
    City(String),
    Note(Option<String>),
    Total(i64),
    Sample(bool),
    Unknown,
    Fixed(&'static str),
    WrongType,
    NoLine,
}

/// An edit of one member of an item.
#[derive(Clone, Debug)]
pub(super) enum ItemEdit {
    Quantity(i64),
    Price(i64),
    Sku(String),
    Note(Option<String>),
    Ready(bool),
    Unknown,
    NoSku,
}

/// The patch as sent.
pub(super) fn order_patch(edits: &[OrderEdit]) -> Value {
    let mut patch = json!({});
    for edit in edits {
        match edit {
            OrderEdit::City(city) => patch["shippingAddress"]["city"] = json!(city),
            OrderEdit::NoLine => patch["shippingAddress"]["line1"] = Value::Null,
            OrderEdit::Note(note) => patch["meta"] = json!({"note": note}),
            OrderEdit::Total(cents) => patch["customerTotal"] = amount(*cents),
            OrderEdit::Sample(is_sample) => patch["isSample"] = json!(is_sample),
            OrderEdit::Unknown => patch["colour"] = json!("red"),
            OrderEdit::Fixed(member) => patch[*member] = Value::Null,
            OrderEdit::WrongType => patch["isSample"] = json!(1),
        }
    }
    patch
}

/// The violations of the patch.
pub(super) fn order_violations(edits: &[OrderEdit]) -> Vec<Violation> {
    let of_edit = |edit: &OrderEdit| match edit {
        OrderEdit::Fixed(member) => Some(("NOT_UPDATABLE", format!("/{member}"))),
        OrderEdit::WrongType => Some(("WRONG_TYPE", "/isSample".to_owned())),
        OrderEdit::NoLine => Some(("REQUIRED", "/shippingAddress/line1".to_owned())),
        _ => None,
    };
    edits.iter().filter_map(of_edit).collect()
}

/// The patch as sent.
pub(super) fn item_patch(edits: &[ItemEdit]) -> Value {
    let mut patch = json!({});
    for edit in edits {
        match edit {
            ItemEdit::Quantity(quantity) => patch["quantity"] = json!(quantity),
            ItemEdit::Price(cents) => patch["customerPrice"] = amount(*cents),
            ItemEdit::Sku(sku) => patch["sku"] = json!(sku),
            ItemEdit::Note(note) => patch["meta"] = json!({"note": note}),
            ItemEdit::Ready(ready) => patch["fulfillmentReady"] = json!(ready),
            ItemEdit::Unknown => patch["colour"] = json!("red"),
            ItemEdit::NoSku => patch["sku"] = Value::Null,
        }
    }
    patch
}

/// The violations of the patch.
pub(super) fn item_violations(edits: &[ItemEdit]) -> Vec<Violation> {
    let of_edit = |edit: &ItemEdit| match edit {
        ItemEdit::Quantity(quantity) if *quantity < 1 => Some(("OUT_OF_RANGE", "/quantity".to_owned())),
        ItemEdit::Ready(false) => Some(("NOT_UPDATABLE", "/fulfillmentReady".to_owned())),
        ItemEdit::NoSku => Some(("REQUIRED", "/sku".to_owned())),
        _ => None,
    };
    edits.iter().filter_map(of_edit).collect()
}

impl Order {
    /// An order can be updated until processing has begun, its addresses until a shipment is assigned.
    pub(super) fn update(&mut self, edits: &[OrderEdit]) -> Result<(), NotAllowed> {
        let before = (self.note.clone(), self.total, self.is_sample);
        let (mut city, (mut note, mut total, mut is_sample)) = (self.city.clone(), before.clone());
        for edit in edits {
            match edit {
                OrderEdit::City(wanted) => city.clone_from(wanted),
                OrderEdit::Note(wanted) => note.clone_from(wanted),
                OrderEdit::Total(wanted) => total = Some(*wanted),
                OrderEdit::Sample(wanted) => is_sample = *wanted,
                _ => {}
            }
        }
        let (moves, changes) = (city != self.city, (note.clone(), total, is_sample) != before);
        if !moves && !changes {
            return Ok(());
        }
        let has_begun = self.items.iter().any(|item| !matches!(item.line, Line::Open | Line::Cancelled));
        let is_cancelled = self.items.iter().all(|item| item.line == Line::Cancelled);
        if is_cancelled || (moves && !self.shipments.is_empty()) || (changes && has_begun) {
            return Err(NotAllowed);
        }
        (self.city, self.note, self.total, self.is_sample) = (city, note, total, is_sample);
        self.version += 1;
        Ok(())
    }

    /// An item can be updated while it is open, its amounts only until the first refund or cancel; it can be marked as
    /// ready at any time.
    pub(super) fn update_item(&mut self, index: usize, edits: &[ItemEdit]) -> Result<(), NotAllowed> {
        let before = self.items[index].clone();
        let mut item = before.clone();
        let mut is_ready = false;
        for edit in edits {
            match edit {
                ItemEdit::Quantity(quantity) => item.quantity = *quantity,
                ItemEdit::Price(cents) => item.price = Some(*cents),
                ItemEdit::Sku(sku) => item.sku.clone_from(sku),
                ItemEdit::Note(note) => item.note.clone_from(note),
                ItemEdit::Ready(_) => is_ready = true,
                ItemEdit::Unknown | ItemEdit::NoSku => {}
            }
        }
        let amounts = |item: &Item| (item.quantity, item.price);
        let changes_amounts = amounts(&item) != amounts(&before);
        let changes = changes_amounts || (&item.sku, &item.note) != (&before.sku, &before.note);
        let becomes_ready = is_ready && before.ready == Some(false);
        if !changes && !becomes_ready {
            return Ok(());
        }
        let is_counted = before.cancelled > 0 || before.refunds > 0;
        if changes && (before.line != Line::Open || (changes_amounts && is_counted)) {
            return Err(NotAllowed);
        }
        item.ready = if is_ready { item.ready.map(|_| true) } else { item.ready };
        self.items[index] = item;
        self.version += 1;
        Ok(())
    }
}
