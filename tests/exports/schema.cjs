// Whether a file is as a JSON schema demands:
//
//     node schema.cjs NODE_MODULES SCHEMA FILE
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, schema, file] = process.argv.slice(2);
const Ajv = require(path.join(path.resolve(modules), 'ajv'));
const { $schema, ...rules } = JSON.parse(fs.readFileSync(schema, 'utf8'));
const validate = new Ajv({ allErrors: true, strict: false }).compile(rules);
if (!validate(JSON.parse(fs.readFileSync(file, 'utf8')))) {
  console.log(JSON.stringify(validate.errors.slice(0, 5)));
  process.exit(1);
}
