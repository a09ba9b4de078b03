//! What plugins have to show: words and data, never markup.

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Plain text; an empty line begins a new paragraph.
    Text(String),
    /// Markdown.
    Markdown(String),
    /// A template of the plugin's own, by its path below `templates/`, with its data.
    Template {
        /// The path.
        name: String,
        /// What it finds as `data`.
        data: serde_json::Value,
    },
}
