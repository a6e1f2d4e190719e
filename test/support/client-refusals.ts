/** What is no table of counts, or is one that is not read, as the programs of `client-tables.ts` and Redis 7.0 print it. */
export const CLIENT_REFUSALS: Readonly<Record<string, string>> = {
  "mysql -E": `*************************** 1. row ***************************
dialog: a
 count: 3
*************************** 2. row ***************************
dialog: b ö
 count: 12
*************************** 3. row ***************************
dialog: c
 count: 1500
`,
  "mysql -E -N": `*************************** 1. row ***************************
a
3
*************************** 2. row ***************************
b ö
12
*************************** 3. row ***************************
c
1500
`,
  "mysql -X": `<?xml version="1.0"?>

<resultset statement="select dialog, count(*)*0+max(count) as count from t.m group by dialog
" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <row>
	<field name="dialog">a</field>
	<field name="count">3</field>
  </row>

  <row>
	<field name="dialog">b ö</field>
	<field name="count">12</field>
  </row>

  <row>
	<field name="dialog">c</field>
	<field name="count">1500</field>
  </row>
</resultset>
`,
  "mysql -t -vv": `--------------
select dialog, count(*)*0+max(count) as count from t.m group by dialog
--------------

+--------+-------+
| dialog | count |
+--------+-------+
| a      |     3 |
| b ö    |    12 |
| c      |  1500 |
+--------+-------+
3 rows in set

Bye
`,
  "psql -x": `-[ RECORD 1 ]
dialog | a
count  | 3
-[ RECORD 2 ]
dialog | b ö
count  | 12
-[ RECORD 3 ]
dialog | c
count  | 1500

`,
  "psql -x -t": `dialog | a
count  | 3
-------+-----
dialog | b ö
count  | 12
-------+-----
dialog | c
count  | 1500

`,
  "psql -x -A": `dialog|a
count|3

dialog|b ö
count|12

dialog|c
count|1500
`,
  "psql -P border=0": `dialog count 
------ -----
a          3
b ö       12
c       1500
(3 rows)

`,
  "psql -P linestyle=unicode": `┌────────┬───────┐
│ dialog │ count │
├────────┼───────┤
│ a      │     3 │
│ b ö    │    12 │
│ c      │  1500 │
└────────┴───────┘
(3 rows)

`,
  "sqlite3 -box": `┌────────┬───────┐
│ dialog │ count │
├────────┼───────┤
│ a      │ 3     │
│ b ö    │ 12    │
│ c      │ 1500  │
└────────┴───────┘
`,
  "sqlite3 -column": `dialog  count
------  -----
a       3    
b ö     12   
c       1500 
`,
  "sqlite3 -line": `dialog = a
 count = 3

dialog = b ö
 count = 12

dialog = c
 count = 1500
`,
  "ClickHouse PrettyCompact": `   ┌─dialog─┬─count─┐
1. │ a      │     3 │
2. │ b ö    │    12 │
3. │ c      │  1500 │
   └────────┴───────┘
`,
  "ClickHouse PrettySpace": `    dialog   count

1.  a            3 
2.  b ö         12 
3.  c         1500 
`,
  "ClickHouse Vertical": `Row 1:
──────
dialog: a
count:  3

Row 2:
──────
dialog: b ö
count:  12

Row 3:
──────
dialog: c
count:  1500
`,
  "ClickHouse TSKV": `dialog=a	count=3
dialog=b ö	count=12
dialog=c	count=1500
`,
  "ClickHouse Values": `('a',3),('b ö',12),('c',1500)`,
  "ClickHouse JSONColumns": `{
	"dialog": ["a", "b ö", "c"],
	"count": [3, 12, 1500]
}
`,
  "redis-cli --hotkeys": `
# Scanning the entire keyspace to find hot keys as well as
# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec
# per 100 SCAN commands (not usually needed).

[00.00%] Hot key '"chat:2"' found so far with counter 8
[00.00%] Hot key '"room:x"' found so far with counter 6
[00.00%] Hot key '"chat:1"' found so far with counter 7
[00.00%] Hot key '"list:1"' found so far with counter 5

-------- summary -------

Sampled 4 keys in the keyspace!
hot key found with counter: 8	keyname: "chat:2"
hot key found with counter: 7	keyname: "chat:1"
hot key found with counter: 6	keyname: "room:x"
hot key found with counter: 5	keyname: "list:1"
`,
  "redis-cli --bigkeys": `
# Scanning the entire keyspace to find biggest keys as well as
# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec
# per 100 SCAN commands (not usually needed).

[00.00%] Biggest string found so far '"chat:2"' with 1 bytes
[00.00%] Biggest string found so far '"chat:1"' with 2 bytes
[00.00%] Biggest list   found so far '"list:1"' with 3 items

-------- summary -------

Sampled 4 keys in the keyspace!
Total key length in bytes is 24 (avg len 6.00)

Biggest   list found '"list:1"' has 3 items
Biggest string found '"chat:1"' has 2 bytes

1 lists with 3 items (25.00% of keys, avg size 3.00)
0 hashs with 0 fields (00.00% of keys, avg size 0.00)
3 strings with 4 bytes (75.00% of keys, avg size 1.33)
0 streams with 0 entries (00.00% of keys, avg size 0.00)
0 sets with 0 members (00.00% of keys, avg size 0.00)
0 zsets with 0 members (00.00% of keys, avg size 0.00)
`,
  "redis-cli HGETALL": `a
3
b
12
`,
  "redis-cli --csv ZRANGE … WITHSCORES": `"a","3","b","12"
`,
};
