//! What a key may be used for.

/// One thing somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Send spans, logs and metrics.
    Write,
    /// See pages, ask the API, scrape metrics.
    Read,
    /// Ask free questions in SQL.
    Sql,
    /// Everything, also what changes settings.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Write, Self::Read, Self::Sql, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Sql => "sql",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// From words joined by commas, such as `read,sql`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scopes = Self::default();
        for word in text.split(',') {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == word);
            scopes.0 |=
                scope.ok_or_else(|| format!("“{word}” is not a scope; there are write, read, sql and admin"))?.bit();
        }
        Ok(scopes)
    }

    /// Admin includes the others.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_itself_and_admin_allows_all() {
        let scopes = Scopes::parse("read,sql").unwrap();
        assert!(scopes.allow(Scope::Read) && scopes.allow(Scope::Sql));
        assert!(!scopes.allow(Scope::Write) && !scopes.allow(Scope::Admin));
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::parse("admin").unwrap().allow(scope)));
        assert!(!Scopes::default().allow(Scope::Read));
    }

    #[test]
    fn an_unknown_scope_is_refused_with_the_known_ones() {
        assert!(Scopes::parse("read,everything").unwrap_err().contains("write, read, sql and admin"));
        assert!(Scopes::parse("").is_err());
    }
}
