//! The two macros that turn a table into code, and the description that documentation and tests
//! read. One table, five uses: encode, decode, print, parse, describe.

/// One field of an event or a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name, as in the text form.
    pub name: &'static str,
    /// How it lies in bytes.
    pub shape: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// One row of the event table, or one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its number in the file: an event's kind, a record's block type.
    pub code: u8,
    /// Its name, as in the text form.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Its fields, in the order in which they are encoded.
    pub fields: &'static [FieldSpec],
}

/// Declares the events: an enum of them, an enum of their kinds, and [`Spec`]s.
macro_rules! event_table {
    (<$lt:lifetime> $(
        $(#[doc = $doc:literal])+
        $code:literal $Name:ident { $($(#[doc = $field_doc:literal])+ $field:ident: $Type:ty,)* }
    )+) => {
        /// What an event is, as the upper five bits of its first byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])+ $Name = $code,)+ }

        /// An event without its time.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Event<$lt> {
            $($(#[doc = $doc])+ $Name { $($(#[doc = $field_doc])+ $field: $Type,)* },)+
        }

        /// The event table.
        pub const EVENTS: &[Spec] = Event::TABLE;

        impl Kind {
            /// The kind with this number.
            #[inline]
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$Name),)+ _ => None }
            }

            /// The name, as in the table.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => stringify!($Name),)+ }
            }
        }

        impl<$lt> Event<$lt> {
            const TABLE: &'static [Spec] = &[$(Spec {
                code: $code,
                name: stringify!($Name),
                doc: concat!($($doc,)+).trim_ascii_start(),
                fields: &[$(FieldSpec {
                    name: stringify!($field),
                    shape: <$Type as Field<$lt>>::SHAPE,
                    doc: concat!($($field_doc,)+).trim_ascii_start(),
                },)*],
            },)+];

            /// The kind of this event.
            #[inline]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$Name { .. } => Kind::$Name,)+ }
            }

            /// Appends the fields. Where the kind is known, nothing is left of the others.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn encode_fields(&self, out: &mut impl Sink) {
                match self { $(Self::$Name { $($field,)* } => { let _ = &out; $($field.encode(out);)* })+ }
            }

            /// Reads the fields of an event of this kind. Where it is known, nothing is left of the
            /// others.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn decode_fields(kind: Kind, input: &mut Cursor<$lt>) -> Result<Self, Malformed> {
                match kind { $(Kind::$Name => {
                    $(let $field = Field::decode(
                        input, concat!(stringify!($Name), ".", stringify!($field)))?;)*
                    let _ = &input;
                    Ok(Self::$Name { $($field,)* })
                })+ }
            }
        }

        #[cfg(feature = "read")]
        impl<$lt> Event<$lt> {
            fn print_fields(&self, out: &mut String) {
                match self { $(Self::$Name { $($field,)* } => {
                    $(
                        out.push_str(concat!(" ", stringify!($field), "="));
                        $field.print(out);
                    )*
                    let _ = &out;
                })+ }
            }

            fn parse_fields(name: &str, input: &mut Scan<'_>) -> Result<Option<Self>, TextError> {
                match name {
                    $(stringify!($Name) => {
                        $(
                            input.key(stringify!($field))?;
                            let $field = Spelled::parse(input)?;
                        )*
                        Ok(Some(Self::$Name { $($field,)* }))
                    })+
                    _ => { let _ = &input; Ok(None) }
                }
            }
        }
    };
}
pub(crate) use event_table;

/// Declares a record: a struct that is one item of a block's payload.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $code:literal $Name:ident $(<$lt:lifetime>)? {
            $($(#[doc = $field_doc:literal])+ $field:ident: $Type:ty,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $Name $(<$lt>)? { $($(#[doc = $field_doc])+ pub $field: $Type,)+ }

        impl $(<$lt>)? $Name $(<$lt>)? {
            /// The record's row for documentation and tests.
            pub const SPEC: Spec = Spec {
                code: $code,
                name: stringify!($Name),
                doc: concat!($($doc,)+).trim_ascii_start(),
                fields: &[$(FieldSpec {
                    name: stringify!($field),
                    shape: <$Type as Field>::SHAPE,
                    doc: concat!($($field_doc,)+).trim_ascii_start(),
                },)+],
            };
        }

        crate::table::record_field!($Name [$($lt)?] $($field: $Type,)+);
    };
}
pub(crate) use record;

macro_rules! record_field {
    ($Name:ident [] $($rest:tt)+) => {
        crate::table::record_field!(@impl ['a] [] [$Name] $Name $($rest)+);
    };
    ($Name:ident [$lt:lifetime] $($rest:tt)+) => {
        crate::table::record_field!(@impl [$lt] [$lt] [$Name<$lt>] $Name $($rest)+);
    };
    (@impl [$lt:lifetime] [$($own:lifetime)?] [$Self:ty] $Name:ident $($field:ident: $Type:ty,)+) => {
        impl<$lt> Field<$lt> for $Self {
            const SHAPE: &'static str = stringify!($Name);
            const LIST_SHAPE: &'static str = concat!("list of ", stringify!($Name));

            fn encode(&self, out: &mut impl Sink) {
                $(self.$field.encode(out);)+
            }

            fn decode(input: &mut Cursor<$lt>, _: &'static str) -> Result<Self, Malformed> {
                $(let $field = Field::decode(
                    input, concat!(stringify!($Name), ".", stringify!($field)))?;)+
                Ok(Self { $($field,)+ })
            }
        }

        #[cfg(feature = "read")]
        impl<$($own)?> crate::text::Spelled for $Self {
            fn print(&self, out: &mut String) {
                out.push_str(stringify!($Name));
                $(
                    out.push_str(concat!(" ", stringify!($field), "="));
                    crate::text::Spelled::print(&self.$field, out);
                )+
            }

            fn parse(input: &mut crate::text::Scan<'_>) -> Result<Self, crate::TextError> {
                input.expect(stringify!($Name))?;
                $(
                    input.key(stringify!($field))?;
                    let $field = crate::text::Spelled::parse(input)?;
                )+
                Ok(Self { $($field,)+ })
            }
        }
    };
}
pub(crate) use record_field;

/// Declares an enum that is one byte in the file and one word in the text form.
macro_rules! byte_enum {
    ($(#[$meta:meta])* $vis:vis enum $Name:ident: $shape:literal {
        $($(#[doc = $doc:literal])+ $Variant:ident = $byte:literal $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $Name { $($(#[doc = $doc])+ $Variant = $byte,)+ }

        impl $Name {
            /// Every value, in the order of its bytes.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// The word for it in the text form and in messages.
            pub fn word(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }

            /// What it means.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$Variant => concat!($($doc,)+).trim_ascii_start(),)+ }
            }
        }

        impl<'a> $crate::wire::Field<'a> for $Name {
            const SHAPE: &'static str = $shape;

            fn encode(&self, out: &mut impl $crate::wire::Sink) {
                out.put(&[*self as u8]);
            }

            fn decode(
                input: &mut $crate::wire::Cursor<'a>,
                expected: &'static str,
            ) -> Result<Self, $crate::Malformed> {
                let offset = input.position();
                match input.byte(expected)? {
                    $($byte => Ok(Self::$Variant),)+
                    found => Err($crate::Malformed::Range {
                        offset, expected, found: u64::from(found),
                    }),
                }
            }
        }

        #[cfg(feature = "read")]
        impl $crate::text::Spelled for $Name {
            fn print(&self, out: &mut String) {
                out.push_str(self.word());
            }

            fn parse(input: &mut $crate::text::Scan<'_>) -> Result<Self, $crate::TextError> {
                let start = input.clone();
                let word = input.word()?;
                Self::ALL.iter().copied().find(|v| v.word() == word).ok_or_else(|| {
                    start.error(concat!("a ", $shape))
                })
            }
        }
    };
}
pub(crate) use byte_enum;
