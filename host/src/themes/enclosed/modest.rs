//! Which templates of plugins are taken, by their words and signs. Fuel bounds steps and not
//! memory: one step can double a text, and what a loop binds is there for the next to double.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use crate::themes::chain;

/// Words and signs of one expression or statement. The compiler of templates calls itself for each
/// that follows another, and would run out of stack.
const MOST_PARTS: usize = 400;
/// Times that a template may say `elif`, for which it calls itself as well.
const MOST_ELIFS: usize = 50;
/// Statements that templates may have.
const STATEMENTS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "include"];
/// Filters that they may use: none makes a text much longer.
const FILTERS: [&str; 7] = [
    "default", "first", "last", "length", "lower", "round", "upper",
];
/// Words that a bracket can follow which begins a value of its own.
const OPERATORS: [&str; 9] = ["and", "elif", "else", "for", "if", "in", "is", "not", "or"];

/// What stands before a token.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// The beginning of a statement.
    Statement,
    /// A pipe.
    Pipe,
    /// `include`.
    Include,
    /// A value: a bracket that follows belongs to it.
    Value,
    /// Anything else: a bracket that follows begins a value of its own.
    Other,
}

/// Where in an expression or statement.
struct Place {
    before: Before,
    parts: usize,
    /// Of each open bracket, whether it holds the arguments of a call.
    open: Vec<bool>,
    /// Within what a loop binds: between `for` and its `in`.
    binding: bool,
}

impl Place {
    const fn beginning(before: Before) -> Self {
        Self {
            before,
            parts: 0,
            open: Vec::new(),
            binding: false,
        }
    }
}

/// Refuses whatever could make a large text of a small one, make a value for a loop to bind, cost
/// much in one step, or call what is not there. The error says the line and what to do.
pub(super) fn check(source: &str) -> Result<(), String> {
    let mut place = Place::beginning(Before::Other);
    let mut elifs = 0;
    for token in tokenize(source, false, SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| chain(&error))?;
        let refuse = |what: &str| {
            let line = span.start_line;
            Err(format!(
                "line {line}: {what} is not allowed in the templates of plugins"
            ))
        };
        place.parts += 1;
        match token {
            Token::BlockStart => {
                place = Place::beginning(Before::Statement);
                continue;
            }
            Token::VariableStart => {
                place = Place::beginning(Before::Other);
                continue;
            }
            Token::Ident("elif") if place.before == Before::Statement => elifs += 1,
            _ => {}
        }
        if place.parts > MOST_PARTS {
            return refuse(&format!("an expression of more than {MOST_PARTS} parts"));
        }
        if elifs > MOST_ELIFS {
            return refuse(&format!("`elif` more than {MOST_ELIFS} times"));
        }
        if let Err(what) = place.pass(&token) {
            return refuse(&what);
        }
    }
    Ok(())
}

impl Place {
    /// Goes past `token`, or says what is not allowed here.
    fn pass(&mut self, token: &Token<'_>) -> Result<(), String> {
        let before = std::mem::replace(&mut self.before, Before::Other);
        if before == Before::Include && !matches!(token, Token::Str(_)) {
            return Err("`{% include %}` of anything but a name in quotes".to_owned());
        }
        match token {
            Token::Tilde => return Err("`~`".to_owned()),
            Token::Plus => return Err("`+`".to_owned()),
            Token::Mul => return Err("`*`".to_owned()),
            Token::Pow => return Err("`**`".to_owned()),
            Token::BraceOpen => {
                return Err("a map in braces, which belongs into the data,".to_owned());
            }
            Token::BracketOpen if before != Before::Value => {
                return Err("a list in brackets, which belongs into the data,".to_owned());
            }
            Token::Colon => {
                return Err("a part `[a:b]`, which belongs into the data,".to_owned());
            }
            Token::Comma if !self.binding && self.open.last() != Some(&true) => {
                return Err("a list in parentheses, which belongs into the data,".to_owned());
            }
            Token::BracketOpen => self.open.push(false),
            Token::ParenOpen => self.open.push(before == Before::Value),
            Token::BracketClose | Token::ParenClose => {
                self.open.pop();
                self.before = Before::Value;
            }
            Token::Str(_) | Token::String(_) => self.before = Before::Value,
            Token::Pipe => self.before = Before::Pipe,
            Token::Ident(word) => self.before = self.word(word, before)?,
            _ => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &str, before: Before) -> Result<Before, String> {
        match before {
            Before::Statement if !STATEMENTS.contains(&word) => {
                return Err(format!("`{{% {word} %}}`"));
            }
            Before::Statement if word == "include" => return Ok(Before::Include),
            Before::Statement => self.binding = word == "for",
            Before::Pipe if !FILTERS.contains(&word) => {
                return Err(format!("the filter `{word}`"));
            }
            _ if word == "recursive" => return Err("`recursive`".to_owned()),
            _ if word == "in" && !std::mem::take(&mut self.binding) => {
                return Err("`in` but in a loop, where a flag in the data does,".to_owned());
            }
            _ => {}
        }
        Ok(if OPERATORS.contains(&word) {
            Before::Other
        } else {
            Before::Value
        })
    }
}
