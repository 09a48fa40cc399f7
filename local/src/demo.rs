//! The demo merchant: what `cargo mill up` loads into an empty table, and what `cargo mill items` prints for AWS.
//!
//! The data stands in `demo.json`, in the terms of the domain; this turns it into the table's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::store::keys::Key;
use serde::Deserialize;
use shared::bulk::Product;
use shared::ids::MerchantId;
use shared::money::{Currency, Number};
use shared::vendor::Vendor;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// Merchants and products to be loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Data {
    /// Who may call, and with what money.
    pub merchants: Vec<Merchant>,
    /// What the bulk order API sells.
    pub products: Vec<Product>,
    /// How many codes there are of it.
    #[serde(default)]
    pub stock: Vec<Stock>,
}

/// Codes of one SKU.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stock {
    /// The SKU.
    pub sku: String,
    /// How many there are.
    pub codes: u64,
}

/// One merchant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Merchant {
    /// Its UUID.
    pub merchant_id: String,
    /// Its `x-api-key`.
    pub api_key: String,
    /// Its bearer token.
    pub bearer_token: String,
    /// What it has.
    pub wallets: Vec<Wallet>,
    /// Who makes what it sells; a person does where nobody is set up.
    #[serde(default)]
    pub vendors: Vec<Vendor>,
    /// What they report with.
    #[serde(default)]
    pub vendor_tokens: Vec<VendorToken>,
}

/// The bearer token of a vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VendorToken {
    /// Whose it is.
    pub vendor_id: String,
    /// The token.
    pub bearer_token: String,
}

/// One wallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// ISO 4217.
    pub currency: Currency,
    /// What it holds.
    pub balance: Number,
}

/// Data that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It is not of the form of `demo.json`.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A merchant's id is no UUID.
    #[error("`{0}` is not the UUID of a merchant")]
    Merchant(String),
}

impl Data {
    /// The demo data.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn demo() -> Result<Self, DataError> {
        Self::parse(include_str!("demo.json"))
    }

    /// Reads data of the form of `demo.json`.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(json: &str) -> Result<Self, DataError> {
        Ok(serde_json::from_str(json)?)
    }

    /// The table's items.
    ///
    /// # Errors
    /// A merchant's id is no UUID.
    pub fn items(&self) -> Result<Vec<Item>, DataError> {
        let mut items = Vec::new();
        for merchant in &self.merchants {
            let id = MerchantId::parse(&merchant.merchant_id)
                .map_err(|_| DataError::Merchant(merchant.merchant_id.clone()))?;
            items.push(credential(&merchant.api_key, "api_key", &id));
            items.push(credential(&merchant.bearer_token, "bearer_token", &id));
            items.extend(merchant.wallets.iter().map(|wallet| wallet_item(&id, wallet)));
            for vendor in &merchant.vendors {
                let mut item = Key::vendor(&id, &vendor.id).item();
                item.insert("vendor".to_owned(), AttributeValue::S(serde_json::to_string(vendor)?));
                items.push(item);
            }
            for token in &merchant.vendor_tokens {
                let mut item = credential(&token.bearer_token, "vendor_token", &id);
                item.insert("vendor_id".to_owned(), AttributeValue::S(token.vendor_id.clone()));
                items.push(item);
            }
        }
        for product in &self.products {
            let mut item = Key::product(&product.sku).item();
            item.insert("product".to_owned(), AttributeValue::S(serde_json::to_string(product)?));
            items.push(item);
        }
        for stock in &self.stock {
            let mut item = Key::stock(&stock.sku).item();
            item.insert("next".to_owned(), AttributeValue::N("1".to_owned()));
            item.insert("available".to_owned(), AttributeValue::N(stock.codes.to_string()));
            items.push(item);
        }
        Ok(items)
    }
}

fn credential(secret: &str, kind: &str, merchant: &MerchantId) -> Item {
    let mut item = Key::credential(secret).item();
    item.insert("kind".to_owned(), AttributeValue::S(kind.to_owned()));
    item.insert("merchant_id".to_owned(), AttributeValue::S(merchant.to_string()));
    item
}

fn wallet_item(merchant: &MerchantId, wallet: &Wallet) -> Item {
    let mut item = Key::wallet(merchant, wallet.currency).item();
    item.insert("balance".to_owned(), AttributeValue::N(wallet.balance.0.to_string()));
    item
}
