//! How an answer in SQL leaves: as text that is written here, or as a file of columns that the store writes.

use coldlight_store::FileForm;

use super::Format;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Aligned columns to read
    #[default]
    Table,
    /// RFC 4180, one header line; NULL is empty
    Csv,
    /// One object: columns with their types, rows, and whether rows were cut off
    Json,
    /// Apache Parquet, with decimals and times as they are
    Parquet,
    /// Apache Arrow's IPC format as a stream, likewise
    Arrow,
}

/// Who writes it.
pub enum Writer {
    Text(Format),
    File(FileForm),
}

impl Form {
    pub const ALL: [Self; 5] = [Self::Table, Self::Csv, Self::Json, Self::Parquet, Self::Arrow];

    pub fn writer(self) -> Writer {
        match self {
            Self::Table => Writer::Text(Format::Table),
            Self::Csv => Writer::Text(Format::Csv),
            Self::Json => Writer::Text(Format::Json),
            Self::Parquet => Writer::File(FileForm::Parquet),
            Self::Arrow => Writer::File(FileForm::ArrowStream),
        }
    }

    pub fn name(self) -> &'static str {
        match self.writer() {
            Writer::Text(format) => format.name(),
            Writer::File(FileForm::Parquet) => "parquet",
            Writer::File(FileForm::ArrowStream) => "arrow",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    pub fn content_type(self) -> &'static str {
        match self.writer() {
            Writer::Text(format) => format.content_type(),
            Writer::File(FileForm::Parquet) => "application/vnd.apache.parquet",
            Writer::File(FileForm::ArrowStream) => "application/vnd.apache.arrow.stream",
        }
    }

    /// The first form that an Accept header asks for, if it asks for one of ours.
    pub fn from_accept(accept: &str) -> Option<Self> {
        accept.split(',').find_map(|part| {
            let asked = part.split(';').next().unwrap_or_default().trim();
            Self::ALL.into_iter().find(|form| form.content_type().split(';').next() == Some(asked))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_header_chooses() {
        assert_eq!(Form::from_accept("text/csv"), Some(Form::Csv));
        assert_eq!(Form::from_accept("text/html, application/json;q=0.9"), Some(Form::Json));
        assert_eq!(Form::from_accept("application/vnd.apache.parquet"), Some(Form::Parquet));
        assert_eq!(Form::from_accept("application/vnd.apache.arrow.stream, */*"), Some(Form::Arrow));
        assert_eq!(Form::from_accept("*/*"), None);
    }
}
