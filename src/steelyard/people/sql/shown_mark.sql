-- A mark of all that groups rest on: it changes when they may have to be built again.
select (select (count(*), bit_xor(hash(p))) from people p),
  (select (count(*), bit_xor(hash(s))) from segments s where week < ?),
  (select min(first_day) from people_seen),
  (select (count(*), bit_xor(hash(o))) from (
{seen}
  ) o)
