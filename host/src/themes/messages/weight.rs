//! How much work a message of Fluent is to say. What it writes is bounded where it is said; the
//! variants that are passed over on the way write nothing, and there can be thousands.

use std::collections::{BTreeMap, HashMap};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

/// Variants and references that a message may have, with those of the messages that it refers to.
const MOST: usize = 300;

/// What messages and terms have in them, by name; a term's begins with a dash.
#[derive(Default)]
pub(super) struct Weights(BTreeMap<String, Own>);

/// Of one message: its variants, and what it refers to, as often as it does.
#[derive(Default)]
struct Own {
    variants: usize,
    refers: Vec<String>,
}

impl Weights {
    /// Adds what stands in a file. Messages of the same name count together.
    pub(super) fn add(&mut self, file: &FluentResource) {
        for entry in file.entries() {
            let (name, value, attributes) = match entry {
                Entry::Message(message) => (
                    message.id.name.to_owned(),
                    message.value.as_ref(),
                    &message.attributes,
                ),
                Entry::Term(term) => (
                    format!("-{}", term.id.name),
                    Some(&term.value),
                    &term.attributes,
                ),
                _ => continue,
            };
            let own = self.0.entry(name).or_default();
            let attributes = attributes.iter().map(|attribute| &attribute.value);
            for pattern in value.into_iter().chain(attributes) {
                own.pattern(pattern);
            }
        }
    }

    /// A message that is too much work, if there is one.
    pub(super) fn heavy(&self) -> Option<String> {
        let mut known = HashMap::new();
        let heavy = self
            .0
            .keys()
            .find(|name| self.weight(name, 0, &mut known) > MOST)?;
        Some(format!(
            "the message `{heavy}` has more than {MOST} variants and references, with those that \
             it refers to"
        ))
    }

    /// The variants and references of a message with those that it refers to. A circle, which
    /// nothing says, counts as nothing more.
    fn weight<'a>(
        &'a self,
        name: &'a str,
        depth: usize,
        known: &mut HashMap<&'a str, usize>,
    ) -> usize {
        if let Some(weight) = known.get(name) {
            return *weight;
        }
        let Some(own) = self.0.get(name) else {
            return 0;
        };
        // Each step down is a reference: the first message is heavier than that.
        if depth > MOST {
            return usize::MAX;
        }
        known.insert(name, own.variants);
        let mut weight = own.variants;
        for name in &own.refers {
            let theirs = self.weight(name, depth + 1, known);
            weight = weight.saturating_add(1).saturating_add(theirs);
        }
        known.insert(name, weight);
        weight
    }
}

impl Own {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                self.variants += variants.len();
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::MessageReference { id, .. } => self.refers.push(id.name.to_owned()),
            InlineExpression::TermReference { id, .. } => self.refers.push(format!("-{}", id.name)),
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::FunctionReference { arguments, .. } => {
                for argument in &arguments.positional {
                    self.inline(argument);
                }
            }
            InlineExpression::StringLiteral { .. }
            | InlineExpression::NumberLiteral { .. }
            | InlineExpression::VariableReference { .. } => {}
        }
    }
}
