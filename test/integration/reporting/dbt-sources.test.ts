import { expect, test } from 'vitest';
import { dbtSources } from '../../support/dbt-sources.ts';
import { reportingDatabase } from './stored-lists.ts';

const { client } = await reportingDatabase();

test('the sources of the dbt package are what the database says of itself', async () => {
  await expect(await dbtSources(client)).toMatchFileSnapshot(
    '../../../deploy/reporting/dbt/models/sources.yml',
  );
});
