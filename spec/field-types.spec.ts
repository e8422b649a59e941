import { argumentCases } from './parts/field-types-arguments.ts';
import { propertyCases } from './parts/field-types-properties.ts';
import { tableCases } from './parts/field-types-tables.ts';
import { topic } from './support/suite.ts';

export const fieldTypes = topic('field-types', 'Field tables and properties', (test) => {
  tableCases(test);
  argumentCases(test);
  propertyCases(test);
});
