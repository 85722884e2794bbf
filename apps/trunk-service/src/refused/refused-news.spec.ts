import { beforeEach, describe, expect, it } from '@jest/globals';
import { RefusedNews } from './refused-news.js';

let said: string[];
let news: RefusedNews;
beforeEach(() => {
  said = [];
  news = new RefusedNews((organization) => said.push(organization));
});

describe('news of refused calls', () => {
  it('is said at once, and of a flood once a turn', () => {
    for (let nth = 0; nth < 10_000; nth += 1) news.add('a');
    expect(said).toEqual(['a']);
    news.turn();
    expect(said).toEqual(['a', 'a']);
    for (let nth = 0; nth < 10; nth += 1) news.turn();
    expect(said).toEqual(['a', 'a']);
    news.add('a');
    expect(said).toEqual(['a', 'a', 'a']);
  });

  it('of one organisation does not wait for another', () => {
    news.add('a');
    news.add('b');
    expect(said).toEqual(['a', 'b']);
  });
});
