//! Reads the verb, table and index at the beginning of a PartiQL statement.
//!
//! The database parses statements but does not expose the result. Only this much decides the permission; everything
//! else is left to the database. Anything that is not clearly one of the four statements has no target, hence no
//! permission.

/// The target of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// `Select`, `Insert`, `Update` or `Delete`, as in permission names.
    pub(super) verb: &'static str,
    pub(super) table: String,
    pub(super) index: Option<String>,
}

/// The target of `statement`.
pub(super) fn target(statement: &str) -> Option<Target> {
    let mut tokens = Tokens { rest: statement };
    let mut verb = tokens.word()?;
    // A transaction may check that a row exists: `EXISTS(SELECT … )`.
    if verb == "EXISTS" {
        if tokens.next()? != Token::Symbol('(') {
            return None;
        }
        verb = tokens.word()?;
    }
    let verb = match verb.as_str() {
        "SELECT" => {
            while tokens.next()? != (Token::Name { text: "FROM".to_owned(), quoted: false }) {}
            "Select"
        }
        "INSERT" if tokens.word()? == "INTO" => "Insert",
        "DELETE" if tokens.word()? == "FROM" => "Delete",
        "UPDATE" => "Update",
        _ => return None,
    };
    let Token::Name { text: table, .. } = tokens.next_as_written()? else { return None };
    let mut after = Tokens { rest: tokens.rest };
    let index = match after.next() {
        Some(Token::Symbol('.')) => match after.next_as_written()? {
            Token::Name { text, .. } => Some(text),
            _ => return None,
        },
        _ => None,
    };
    Some(Target { verb, table, index })
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Name { text: String, quoted: bool },
    Text,
    Symbol(char),
}

struct Tokens<'a> {
    rest: &'a str,
}

impl Tokens<'_> {
    /// The next token if it is a word, in upper case.
    fn word(&mut self) -> Option<String> {
        match self.next()? {
            Token::Name { text, quoted: false } => Some(text),
            _ => None,
        }
    }

    /// The next token; unquoted names are converted to upper case, as keywords are compared.
    fn next(&mut self) -> Option<Token> {
        Some(match self.next_as_written()? {
            Token::Name { text, quoted: false } => Token::Name { text: text.to_ascii_uppercase(), quoted: false },
            token => token,
        })
    }

    fn next_as_written(&mut self) -> Option<Token> {
        self.skip_blanks()?;
        let first = self.rest.chars().next()?;
        match first {
            '"' => Some(Token::Name { text: self.quoted('"')?, quoted: true }),
            '\'' | '`' => {
                self.quoted(first)?;
                Some(Token::Text)
            }
            _ if is_name(first) => {
                let end = self.rest.find(|letter| !is_name(letter)).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                Some(Token::Name { text: name.to_owned(), quoted: false })
            }
            _ => {
                self.rest = self.rest.strip_prefix(first)?;
                Some(Token::Symbol(first))
            }
        }
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace());
            if let Some(comment) = self.rest.strip_prefix("--") {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/")?.1;
            } else {
                return Some(());
            }
        }
    }

    /// The content between two quotes; a doubled quote stands for one.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut rest = self.rest.strip_prefix(quote)?;
        let mut content = String::new();
        loop {
            let (before, after) = rest.split_once(quote)?;
            content.push_str(before);
            match after.strip_prefix(quote) {
                Some(more) if quote != '`' => {
                    content.push(quote);
                    rest = more;
                }
                _ => {
                    self.rest = after;
                    return Some(content);
                }
            }
        }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_read_from_the_beginning() {
        for (statement, expected) in [
            ("SELECT * FROM \"a-b\" WHERE pk = 'x'", Some(("Select", "a-b", None))),
            ("select \"FROM\", 'FROM x' from orders", Some(("Select", "orders", None))),
            ("SELECT pk FROM \"a\" . \"due\" WHERE x=?", Some(("Select", "a", Some("due")))),
            ("SELECT pk FROM a.due", Some(("Select", "a", Some("due")))),
            (" /* SELECT */ INSERT -- into\n INTO \"a\" VALUE {'pk': ?}", Some(("Insert", "a", None))),
            ("UPDATE \"a\" SET x = 1 WHERE pk = ?", Some(("Update", "a", None))),
            ("DELETE FROM \"a\"\"b\" WHERE pk = ?", Some(("Delete", "a\"b", None))),
            ("EXISTS(SELECT * FROM \"a\" WHERE pk = ?)", Some(("Select", "a", None))),
            ("UPDATE 'a' SET x = 1", None),
            ("DROP TABLE a", None),
            ("INSERT \"a\"", None),
            ("SELECT 'unclosed FROM a", None),
            ("/* unclosed", None),
            ("", None),
        ] {
            let found = target(statement);
            let found = found.as_ref().map(|target| (target.verb, target.table.as_str(), target.index.as_deref()));
            assert_eq!(found, expected, "{statement}");
        }
    }
}
