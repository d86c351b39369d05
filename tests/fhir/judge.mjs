// Judges resources by the JSON schema of FHIR R4: reads [{name, resource}] and ends with 0 when all are valid.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const Validator = require('@asymmetrik/fhir-json-schema-validator');

const validator = new Validator();
let wrong = 0;
for (const { name, resource } of JSON.parse(readFileSync(0, 'utf8'))) {
  const errors = validator.validate(resource);
  if (errors.length) {
    wrong += 1;
    console.log(`${name}: ${JSON.stringify(errors.slice(0, 5), null, 1)}\n${JSON.stringify(resource, null, 1)}`);
  }
}
process.exitCode = wrong ? 1 : 0;
