pub fn steam() {}
