//! How the body of an order is stored: deflated against a preset dictionary.
//! DynamoDB charges by the KB written, and an order's JSON is mostly member names. The dictionary holds them in the
//! order in which [`shared::order_network::request::CreateOrder`] writes them, so that a typical order fits in the 1 KB
//! of one write unit. For the seed order, 3,364 bytes of JSON become 689, or 1,192 without the dictionary
//! (`tests::size_of_the_seeds_order`).
//!
//! A stored body starts with the number of its dictionary. Dictionaries are never edited: an improved one gets the next
//! number, and older bodies stay readable.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

const DICTIONARY_1: &[u8] = include_bytes!("dictionary-1.txt");
const NUMBER: u8 = 1;
/// Limit of an inflated body: it was within `ORDER_BYTES_MAX` before canonical form escaped characters and expanded
/// numbers.
const INFLATED_BYTES_MAX: usize = 4 * shared::limits::ORDER_BYTES_MAX;

#[derive(Debug, thiserror::Error)]
#[error("a stored body cannot be read: {0}")]
pub(crate) struct UnreadableBody(String);

pub(crate) fn deflate(json: &[u8]) -> Result<Vec<u8>, UnreadableBody> {
    deflate_at(Compression::best(), json)
}

pub(crate) fn deflate_at(level: Compression, json: &[u8]) -> Result<Vec<u8>, UnreadableBody> {
    let unreadable = |error: &dyn std::fmt::Display| UnreadableBody(error.to_string());
    let mut stream = Compress::new(level, true);
    stream.set_dictionary(DICTIONARY_1).map_err(|error| unreadable(&error))?;
    let mut stored = Vec::with_capacity(json.len() / 2 + 64);
    stored.push(NUMBER);
    loop {
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let rest = json.get(read..).unwrap_or_default();
        stored.reserve(rest.len() / 2 + 64);
        let status =
            stream.compress_vec(rest, &mut stored, FlushCompress::Finish).map_err(|error| unreadable(&error))?;
        if status == Status::StreamEnd {
            return Ok(stored);
        }
    }
}

/// Values as deflated JSON, also for members of stored structs (`#[serde(with = "body::json")]`).
pub(crate) mod json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_bytes::ByteBuf;

    use super::UnreadableBody;

    pub(crate) fn deflate(value: &impl Serialize) -> Result<ByteBuf, UnreadableBody> {
        let json = serde_json::to_vec(value).map_err(|error| UnreadableBody(error.to_string()))?;
        super::deflate(&json).map(ByteBuf::from)
    }

    pub(crate) fn inflate<T: DeserializeOwned>(stored: &[u8]) -> Result<T, UnreadableBody> {
        serde_json::from_slice(&super::inflate(stored)?).map_err(|error| UnreadableBody(error.to_string()))
    }

    pub(crate) fn serialize<S: Serializer>(value: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        deflate(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(stored: D) -> Result<T, D::Error> {
        inflate(&ByteBuf::deserialize(stored)?).map_err(D::Error::custom)
    }
}

pub(crate) fn inflate(stored: &[u8]) -> Result<Vec<u8>, UnreadableBody> {
    inflate_within(INFLATED_BYTES_MAX, stored)
}

pub(crate) fn inflate_within(bytes_max: usize, stored: &[u8]) -> Result<Vec<u8>, UnreadableBody> {
    let Some((&NUMBER, deflated)) = stored.split_first() else {
        return Err(UnreadableBody("its dictionary is not known".to_owned()));
    };
    let mut stream = Decompress::new(true);
    let mut json = Vec::with_capacity(deflated.len() * 6);
    loop {
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let rest = deflated.get(read..).unwrap_or_default();
        let before = (stream.total_in(), stream.total_out());
        match stream.decompress_vec(rest, &mut json, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) => return Ok(json),
            Ok(_) if json.len() > bytes_max => return Err(UnreadableBody("it is too long".to_owned())),
            Ok(_) if json.len() == json.capacity() => json.reserve(json.len().max(1024)),
            Ok(_) if before == (stream.total_in(), stream.total_out()) => {
                return Err(UnreadableBody("it ends too early".to_owned()));
            }
            Ok(_) => {}
            Err(error) if error.needs_dictionary().is_some() => {
                stream.set_dictionary(DICTIONARY_1).map_err(|error| UnreadableBody(error.to_string()))?;
            }
            Err(error) => return Err(UnreadableBody(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{deflate, inflate};

    #[test]
    fn bodies_read_back() {
        let mut seed = 7_u32;
        for length in [0_usize, 1, 100, 5_000, 300_000] {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    u8::try_from(seed >> 24).unwrap()
                })
                .collect();
            assert_eq!(inflate(&deflate(&bytes).unwrap()).unwrap(), bytes);
            let text = "\"shippingAddress\":{".repeat(length / 20);
            assert_eq!(inflate(&deflate(text.as_bytes()).unwrap()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn damaged_bodies_are_errors() {
        let whole = deflate(b"{\"safeId\":\"a\"}").unwrap();
        assert!(inflate(&[]).is_err());
        assert!(inflate(&[9, 1, 2]).is_err());
        for length in 1..whole.len() {
            assert!(inflate(whole.get(..length).unwrap()).is_err());
        }
    }

    #[test]
    fn size_of_the_seeds_order() {
        let seed = include_bytes!("../../../shared/vectors/seeds/create-multiple-orders.request.json");
        #[derive(serde::Deserialize)]
        struct Bulk {
            bulk: Vec<shared::order_network::request::CreateOrder>,
        }
        let bulk: Bulk = serde_json::from_slice(seed).unwrap();
        let json = serde_json::to_vec(&bulk.bulk[0]).unwrap();
        let deflated = deflate(&json).unwrap();
        assert_eq!((json.len(), deflated.len()), (3364, 689));
    }
}
