import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { of, type Observable } from 'rxjs';

/**
 * Turns whatever a handler throws into the refusal that its askers know, so that every request is answered. Used as
 * `@UseFilters(new RefusalFilter(…))` on a controller.
 */
@Catch()
export class RefusalFilter<Refusal> implements RpcExceptionFilter {
  constructor(private readonly refusalOf: (error: unknown) => Refusal) {}

  catch(error: unknown): Observable<Refusal> {
    return of(this.refusalOf(error));
  }
}
