import { errorCases } from './parts/general-errors.ts';
import { nameCases } from './parts/general-names.ts';
import { versionCases } from './parts/general-versions.ts';
import { topic } from './support/suite.ts';

export const general = topic('general', 'Errors, names and order', (test) => {
  errorCases(test);
  nameCases(test);
  versionCases(test);
});
