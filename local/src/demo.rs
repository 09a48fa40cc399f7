//! The demo merchant: `cargo mill up` loads it into an empty table, and `cargo mill items` prints it for AWS.
//!
//! The data is in `demo.json`, in domain terms; this module turns it into table items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::store::keys::Key;
use serde::Deserialize;
use shared::bulk_api::Product;
use shared::ids::MerchantId;
use shared::money::{Currency, Number};
use shared::vendor::Vendor;

/// An item in the SDK's form.
pub type Item = HashMap<String, AttributeValue>;

/// Merchants and products to load.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Data {
    /// The merchants, with their credentials and wallets.
    pub merchants: Vec<Merchant>,
    /// The catalogue of the bulk order API.
    pub products: Vec<Product>,
    /// The stock of codes.
    #[serde(default)]
    pub stock: Vec<Stock>,
}

/// The stock of codes of one SKU.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stock {
    /// The SKU.
    pub sku: String,
    /// Number of codes.
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
    /// Its wallets.
    pub wallets: Vec<Wallet>,
    /// Its vendors; lines that match none go to a person.
    #[serde(default)]
    pub vendors: Vec<Vendor>,
    /// The tokens with which its vendors report.
    #[serde(default)]
    pub vendor_tokens: Vec<VendorToken>,
}

/// The bearer token of a vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VendorToken {
    /// The vendor's id.
    pub vendor_id: String,
    /// The token.
    pub bearer_token: String,
}

/// One wallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// The ISO 4217 currency code.
    pub currency: Currency,
    /// The balance.
    pub balance: Number,
}

/// Data that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It does not have the form of `demo.json`.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A merchant's id is not a UUID.
    #[error("`{0}` is not the UUID of a merchant")]
    Merchant(String),
}

impl Data {
    /// The demo data.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn demo() -> Result<Self, DataError> {
        Self::parse(include_str!("demo.json"))
    }

    /// Parses data of the form of `demo.json`.
    ///
    /// # Errors
    ///
    /// It has another form.
    pub fn parse(json: &str) -> Result<Self, DataError> {
        Ok(serde_json::from_str(json)?)
    }

    /// The table items.
    ///
    /// # Errors
    ///
    /// A merchant's id is not a UUID.
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
