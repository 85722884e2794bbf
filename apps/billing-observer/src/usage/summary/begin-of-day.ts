/** By how much clocks are put back at a midnight; the commonest is an hour. */
const PUT_BACK = `unnest(ARRAY['0', '30 minutes', '1 hour', '2 hours', '3 hours', '24 hours']::interval[])`;

/**
 * SQL: the first moment of a day of a time zone. `midnight` is a timestamp without time zone. Where clocks are put back
 * at midnight there are two of them, and PostgreSQL's AT TIME ZONE gives the second: an hour of the day would belong to
 * the day before. Where a day has no midnight it is the moment at which clocks are put forward.
 */
export const beginOfDaySql = (midnight: string, zone: string): string => `
  (SELECT min(usual.at - back) FROM (SELECT ${midnight} AT TIME ZONE ${zone} AS at) AS usual, ${PUT_BACK} AS back
    WHERE back = '0' OR (usual.at - back) AT TIME ZONE ${zone} = ${midnight})`;
