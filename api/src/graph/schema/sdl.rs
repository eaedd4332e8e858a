//! Writes SDL with descriptions.

/// Writes SDL with descriptions.
#[derive(Default)]
pub(super) struct Sdl {
    pub(super) text: String,
}

impl Sdl {
    pub(super) fn open(&mut self, doc: &str, head: &str) {
        self.description(doc, "");
        self.text.push_str(head);
        self.text.push_str(" {\n");
    }

    pub(super) fn close(&mut self) {
        self.text.push_str("}\n\n");
    }

    pub(super) fn field(&mut self, doc: &str, field: &str) {
        self.description(doc, "  ");
        self.text.push_str("  ");
        self.text.push_str(field);
        self.text.push('\n');
    }

    pub(super) fn line(&mut self, doc: &str, line: &str) {
        self.description(doc, "");
        self.text.push_str(line);
        self.text.push_str("\n\n");
    }

    fn description(&mut self, doc: &str, indent: &str) {
        if doc.is_empty() {
            return;
        }
        self.text.push_str(indent);
        if doc.contains('\n') {
            self.text.push_str("\"\"\"\n");
            for line in doc.lines() {
                if !line.is_empty() {
                    self.text.push_str(indent);
                    self.text.push_str(&line.replace("\"\"\"", "\\\"\"\""));
                }
                self.text.push('\n');
            }
            self.text.push_str(indent);
            self.text.push_str("\"\"\"\n");
        } else {
            self.text.push_str(&quoted(doc));
            self.text.push('\n');
        }
    }
}

/// Arguments and input fields repeat a column's description; its first sentence is enough there.
pub(super) fn first_sentence(doc: &str) -> String {
    let end = doc.find(". ").map_or(doc.len(), |at| at + 1);
    doc[..end].to_owned()
}

pub(super) fn quoted(text: &str) -> String {
    let one_line = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
    format!("\"{one_line}\"")
}
