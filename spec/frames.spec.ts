import { contentFrameCases } from './parts/frames-content.ts';
import { methodFrameCases } from './parts/frames-methods.ts';
import { singleFrameCases } from './parts/frames-single.ts';
import { undecodableCases } from './parts/frames-undecodable.ts';
import { topic } from './support/suite.ts';

export const frames = topic('frames', 'Frames and content', (test) => {
  singleFrameCases(test);
  methodFrameCases(test);
  contentFrameCases(test);
  undecodableCases(test);
});
