//! The messages, in SQLite.
//!
//! Each call is one transaction. A message is a row: `visible_ms` is when it becomes receivable, which covers both
//! delay and visibility timeout; `receipt` is the token of its latest receive. Dead-lettering changes only the row's
//! queue, so the message keeps its id. A move task turns the row into a new message: new id, new times, never received.

use super::{
    attributes::MessageAttribute,
    error::SqsError,
    message::{Outgoing, Received},
    receipt::Receipt,
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use std::{collections::BTreeMap, path::Path};
use uuid::Uuid;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS queue (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS message (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        trace_header TEXT,
        sender_id TEXT NOT NULL,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        receipt TEXT,
        received_ms INTEGER,
        first_received_ms INTEGER,
        receive_count INTEGER NOT NULL DEFAULT 0,
        source_arn TEXT
    );
    CREATE INDEX IF NOT EXISTS message_by_visibility ON message (queue, visible_ms);
    PRAGMA user_version = 1;
";

/// The schema version, so that a newer program does not misread an older file.
const VERSION: i64 = 1;
/// Maximum time a message may stay hidden after a receive, however often that is extended.
const LONGEST_HIDDEN_MS: i64 = 43_200_000;

pub(super) struct Store {
    connection: Connection,
}

/// The parameters of a receive.
pub(super) struct Request<'a> {
    pub(super) queue: &'a str,
    pub(super) most: u32,
    pub(super) now_ms: i64,
    pub(super) hidden_ms: i64,
    pub(super) retention_ms: i64,
    pub(super) redrive: Option<RedriveTo<'a>>,
}

/// Where messages go that were received too often.
pub(super) struct RedriveTo<'a> {
    pub(super) queue: &'a str,
    pub(super) source_arn: &'a str,
    pub(super) most_receives: u32,
}

/// The result of a receive.
#[derive(Default)]
pub(super) struct Handed {
    pub(super) messages: Vec<Received>,
    /// How many messages went to the dead-letter queue.
    pub(super) dead: usize,
    /// When the next hidden message becomes visible.
    pub(super) next_visible_ms: Option<i64>,
}

/// One of the destinations of a move task.
#[derive(Clone)]
pub(super) struct Route {
    /// The ARN of the queue that dead-lettered the messages; `None` for any.
    pub(super) source_arn: Option<String>,
    pub(super) to: String,
    pub(super) delay_ms: i64,
}

/// The result of one step of a move task.
pub(super) struct Moved {
    pub(super) count: usize,
    /// Visible messages that match no route; known once all matching messages are moved.
    pub(super) stranded: u64,
}

/// The result of a visibility change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Done,
    /// The message is gone or was received again since.
    Gone,
    /// The message is visible: there is nothing to change.
    NotInFlight,
    /// It would stay hidden for too long.
    TooLong,
}

/// Number of messages of a queue by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) visible: u64,
    pub(super) in_flight: u64,
    pub(super) delayed: u64,
}

impl Store {
    /// Opens the file at `path`, or an in-memory database without one.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, SqsError> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        // With the write-ahead log, a killed process loses nothing; only a crash of the machine could lose the last
        // writes.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;")?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != 0 && version != VERSION {
            let message = format!("the queues' file has schema {version}, this program reads {VERSION}");
            return Err(SqsError::new(super::ErrorKind::InternalFailure, message));
        }
        connection.execute_batch(SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection })
    }

    /// Records a queue and returns when it was first recorded.
    pub(super) fn declare(&self, queue: &str, now_ms: i64) -> Result<i64, SqsError> {
        self.connection
            .execute("INSERT OR IGNORE INTO queue (name, created_ms) VALUES (?1, ?2)", params![queue, now_ms])?;
        Ok(self.connection.query_row("SELECT created_ms FROM queue WHERE name = ?1", [queue], |row| row.get(0))?)
    }

    /// Makes every message in flight visible again.
    pub(super) fn reveal_in_flight(&mut self, now_ms: i64) -> Result<(), SqsError> {
        let update = "UPDATE message SET visible_ms = ?1 WHERE visible_ms > ?1 AND receipt IS NOT NULL";
        self.connection.execute(update, [now_ms])?;
        Ok(())
    }

    /// Adds messages, each visible after its own delay; returns their ids in the same order.
    pub(super) fn send(
        &mut self,
        queue: &str,
        messages: &[(Outgoing, i64)],
        now_ms: i64,
    ) -> Result<Vec<String>, SqsError> {
        let transaction = self.connection.transaction()?;
        let mut ids = Vec::with_capacity(messages.len());
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO message (id, queue, body, attributes, trace_header, sender_id, sent_ms, visible_ms)
                 VALUES (:id, :queue, :body, :attributes, :trace_header, :sender_id, :sent_ms, :visible_ms)",
            )?;
            for (message, delay_ms) in messages {
                let id = Uuid::new_v4().to_string();
                insert.execute(named_params! {
                    ":id": id,
                    ":queue": queue,
                    ":body": message.body,
                    ":attributes": written(&message.attributes),
                    ":trace_header": message.trace_header,
                    ":sender_id": message.sender_id,
                    ":sent_ms": now_ms,
                    ":visible_ms": now_ms.saturating_add(*delay_ms),
                })?;
                ids.push(id);
            }
        }
        transaction.commit()?;
        Ok(ids)
    }

    /// Receives messages. First drops expired messages and dead-letters those received too often.
    pub(super) fn receive(&mut self, request: &Request<'_>) -> Result<Handed, SqsError> {
        let now_ms = request.now_ms;
        let transaction = self.connection.transaction()?;
        let mut handed = Handed::default();
        transaction
            .prepare_cached("DELETE FROM message WHERE queue = ?1 AND sent_ms <= ?2")?
            .execute(params![request.queue, now_ms.saturating_sub(request.retention_ms)])?;
        if let Some(to) = &request.redrive {
            handed.dead = transaction
                .prepare_cached(
                    "UPDATE message SET queue = :to, source_arn = :source, receipt = NULL
                     WHERE queue = :queue AND visible_ms <= :now AND receive_count >= :most",
                )?
                .execute(named_params! {
                    ":to": to.queue,
                    ":source": to.source_arn,
                    ":queue": request.queue,
                    ":now": now_ms,
                    ":most": to.most_receives,
                })?;
        }
        let found: Vec<(i64, Received)> = transaction
            .prepare_cached(
                "SELECT sequence, id, body, attributes, trace_header, sender_id, sent_ms,
                        coalesce(first_received_ms, :now), receive_count + 1, source_arn
                 FROM message WHERE queue = :queue AND visible_ms <= :now ORDER BY visible_ms, sequence LIMIT :most",
            )?
            .query_map(named_params! {":now": now_ms, ":queue": request.queue, ":most": request.most}, received)?
            .collect::<Result<_, _>>()?;
        for (sequence, mut message) in found {
            let token = hand_out(&mut message, request.queue);
            transaction
                .prepare_cached(
                    "UPDATE message SET receipt = :token, visible_ms = :visible, received_ms = :now,
                            first_received_ms = :first, receive_count = :count
                     WHERE sequence = :sequence",
                )?
                .execute(named_params! {
                    ":token": token,
                    ":visible": now_ms.saturating_add(request.hidden_ms),
                    ":now": now_ms,
                    ":first": message.first_received_ms,
                    ":count": message.receive_count,
                    ":sequence": sequence,
                })?;
            handed.messages.push(message);
        }
        if handed.messages.is_empty() {
            handed.next_visible_ms = transaction
                .prepare_cached("SELECT min(visible_ms) FROM message WHERE queue = ?1 AND visible_ms > ?2")?
                .query_row(params![request.queue, now_ms], |row| row.get(0))?;
        }
        transaction.commit()?;
        Ok(handed)
    }

    /// Moves at most `most` visible messages, oldest first. First drops expired messages.
    pub(super) fn relocate(
        &mut self,
        from: &str,
        routes: &[Route],
        most: usize,
        now_ms: i64,
        retention_ms: i64,
    ) -> Result<Moved, SqsError> {
        let transaction = self.connection.transaction()?;
        transaction
            .prepare_cached("DELETE FROM message WHERE queue = ?1 AND sent_ms <= ?2")?
            .execute(params![from, now_ms.saturating_sub(retention_ms)])?;
        let mut count = 0;
        for route in routes {
            let found: Vec<i64> = transaction
                .prepare_cached(
                    "SELECT sequence FROM message
                     WHERE queue = ?1 AND visible_ms <= ?2 AND source_arn IS coalesce(?3, source_arn)
                     ORDER BY sequence LIMIT ?4",
                )?
                .query_map(params![from, now_ms, route.source_arn, most.saturating_sub(count)], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            count += found.len();
            for sequence in found {
                transaction
                    .prepare_cached(
                        "UPDATE message SET queue = ?1, id = ?2, sent_ms = ?3, visible_ms = ?4, receipt = NULL,
                                received_ms = NULL, first_received_ms = NULL, receive_count = 0, source_arn = NULL
                         WHERE sequence = ?5",
                    )?
                    .execute(params![
                        route.to,
                        Uuid::new_v4().to_string(),
                        now_ms,
                        now_ms.saturating_add(route.delay_ms),
                        sequence
                    ])?;
            }
        }
        let left = transaction
            .prepare_cached("SELECT count(*) FROM message WHERE queue = ?1 AND visible_ms <= ?2")?
            .query_row(params![from, now_ms], |row| row.get(0))?;
        transaction.commit()?;
        Ok(Moved { count, stranded: left })
    }

    /// Deletes a message; an outdated handle deletes nothing and is not an error.
    pub(super) fn delete(&self, receipt: &Receipt) -> Result<(), SqsError> {
        self.connection
            .prepare_cached("DELETE FROM message WHERE id = ?1 AND queue = ?2 AND receipt = ?3")?
            .execute(params![receipt.message_id, receipt.queue, receipt.token])?;
        Ok(())
    }

    /// Hides a message for `hidden_ms` from now.
    pub(super) fn hide(&mut self, receipt: &Receipt, hidden_ms: i64, now_ms: i64) -> Result<Change, SqsError> {
        let transaction = self.connection.transaction()?;
        let found: Option<(i64, i64, i64)> = transaction
            .prepare_cached(
                "SELECT sequence, visible_ms, received_ms FROM message WHERE id = ?1 AND queue = ?2 AND receipt = ?3",
            )?
            .query_row(params![receipt.message_id, receipt.queue, receipt.token], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((sequence, visible_ms, received_ms)) = found else { return Ok(Change::Gone) };
        if visible_ms <= now_ms {
            return Ok(Change::NotInFlight);
        }
        let until = now_ms.saturating_add(hidden_ms);
        if until > received_ms.saturating_add(LONGEST_HIDDEN_MS) {
            return Ok(Change::TooLong);
        }
        transaction
            .prepare_cached("UPDATE message SET visible_ms = ?1 WHERE sequence = ?2")?
            .execute(params![until, sequence])?;
        transaction.commit()?;
        Ok(Change::Done)
    }

    /// Counts the messages of a queue that have not expired.
    pub(super) fn tally(&self, queue: &str, now_ms: i64, retention_ms: i64) -> Result<Tally, SqsError> {
        let tally = self
            .connection
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE visible_ms <= :now),
                        count(*) FILTER (WHERE visible_ms > :now AND receipt IS NOT NULL),
                        count(*) FILTER (WHERE visible_ms > :now AND receipt IS NULL)
                 FROM message WHERE queue = :queue AND sent_ms > :oldest",
            )?
            .query_row(
                named_params! {":now": now_ms, ":queue": queue, ":oldest": now_ms.saturating_sub(retention_ms)},
                |row| Ok(Tally { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? }),
            )?;
        Ok(tally)
    }

    /// Deletes every message of a queue.
    pub(super) fn purge(&self, queue: &str) -> Result<(), SqsError> {
        self.connection.execute("DELETE FROM message WHERE queue = ?1", [queue])?;
        Ok(())
    }
}

fn received(row: &Row<'_>) -> rusqlite::Result<(i64, Received)> {
    let attributes: String = row.get(3)?;
    let message = Received {
        message_id: row.get(1)?,
        receipt_handle: String::new(),
        body: row.get(2)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        trace_header: row.get(4)?,
        sender_id: row.get(5)?,
        sent_ms: row.get(6)?,
        first_received_ms: row.get(7)?,
        receive_count: row.get(8)?,
        dead_letter_source_arn: row.get(9)?,
    };
    Ok((row.get(0)?, message))
}

/// Assigns a new receipt handle to a message; returns the token that makes the handle current.
fn hand_out(message: &mut Received, queue: &str) -> String {
    let token = Uuid::new_v4().simple().to_string();
    let message_id = message.message_id.clone();
    message.receipt_handle = Receipt { queue: queue.to_owned(), message_id, token: token.clone() }.handle();
    token
}

fn written(attributes: &BTreeMap<String, MessageAttribute>) -> String {
    serde_json::to_string(attributes).unwrap_or_else(|_| "{}".to_owned())
}
