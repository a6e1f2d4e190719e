/**
 * What programs print of one and the same table, three dialogs a, "b ö" and c with 3, 12 and 1,500 messages, as these programs
 * printed it: MariaDB 10.11, PostgreSQL 15, SQLite 3.40, ClickHouse 26 (chDB 4.4).
 */
export const CLIENT_TABLES: Readonly<Record<string, string>> = {
  "mysql -B": `dialog	count
a	3
b ö	12
c	1500
`,
  "mysql -N (to a pipe, tabs)": `a	3
b ö	12
c	1500
`,
  "mysql -t": `+--------+-------+
| dialog | count |
+--------+-------+
| a      |     3 |
| b ö    |    12 |
| c      |  1500 |
+--------+-------+
`,
  "mysql -t -N": `+------+------+
| a    |    3 |
| b ö  |   12 |
| c    | 1500 |
+------+------+
`,
  "psql, aligned": ` dialog | count 
--------+-------
 a      |     3
 b ö    |    12
 c      |  1500
(3 rows)

`,
  "psql -t": ` a      |     3
 b ö    |    12
 c      |  1500

`,
  "psql -A": `dialog|count
a|3
b ö|12
c|1500
(3 rows)
`,
  "psql -A -t": `a|3
b ö|12
c|1500
`,
  "psql --csv": `dialog,count
a,3
b ö,12
c,1500
`,
  "psql -P border=2": `+--------+-------+
| dialog | count |
+--------+-------+
| a      |     3 |
| b ö    |    12 |
| c      |  1500 |
+--------+-------+
(3 rows)

`,
  "psql, COPY TO STDOUT": `a	3
b ö	12
c	1500
`,
  "psql, json_agg": `[{"dialog":"a","count":3}, 
 {"dialog":"b ö","count":12}, 
 {"dialog":"c","count":1500}]
`,
  "psql, json_object_agg": `{ "a" : 3, "b ö" : 12, "c" : 1500 }
`,
  "sqlite3 -list": `dialog|count
a|3
b ö|12
c|1500
`,
  "sqlite3 -csv": `dialog,count
a,3
"b ö",12
c,1500
`,
  "sqlite3 -markdown": `| dialog | count |
|--------|-------|
| a      | 3     |
| b ö    | 12    |
| c      | 1500  |
`,
  "sqlite3 -json": `[{"dialog":"a","count":3},
{"dialog":"b ö","count":12},
{"dialog":"c","count":1500}]
`,
  "ClickHouse TabSeparated": `a	3
b ö	12
c	1500
`,
  "ClickHouse TabSeparatedWithNamesAndTypes": `dialog	count
String	UInt64
a	3
b ö	12
c	1500
`,
  "ClickHouse CSV": `"a",3
"b ö",12
"c",1500
`,
  "ClickHouse CSVWithNames": `"dialog","count"
"a",3
"b ö",12
"c",1500
`,
  "ClickHouse CSVWithNamesAndTypes": `"dialog","count"
"String","UInt64"
"a",3
"b ö",12
"c",1500
`,
  "ClickHouse JSON": `{
	"meta":
	[
		{
			"name": "dialog",
			"type": "String"
		},
		{
			"name": "count",
			"type": "UInt64"
		}
	],

	"data":
	[
		{
			"dialog": "a",
			"count": 3
		},
		{
			"dialog": "b ö",
			"count": 12
		},
		{
			"dialog": "c",
			"count": 1500
		}
	],

	"rows": 3,

	"statistics":
	{
		"elapsed": 0.001465324,
		"rows_read": 3,
		"bytes_read": 54
	}
}
`,
  "ClickHouse JSONCompact": `{
	"meta":
	[
		{
			"name": "dialog",
			"type": "String"
		},
		{
			"name": "count",
			"type": "UInt64"
		}
	],

	"data":
	[
		["a", 3],
		["b ö", 12],
		["c", 1500]
	],

	"rows": 3,

	"statistics":
	{
		"elapsed": 0.009910466,
		"rows_read": 3,
		"bytes_read": 54
	}
}
`,
  "ClickHouse JSONEachRow": `{"dialog":"a","count":3}
{"dialog":"b ö","count":12}
{"dialog":"c","count":1500}
`,
  "ClickHouse JSONCompactEachRow": `["a", 3]
["b ö", 12]
["c", 1500]
`,
  "ClickHouse JSONCompactEachRowWithNamesAndTypes": `["dialog", "count"]
["String", "UInt64"]
["a", 3]
["b ö", 12]
["c", 1500]
`,
  "ClickHouse JSONObjectEachRow": `{
	"row_1": {"dialog":"a","count":3},
	"row_2": {"dialog":"b ö","count":12},
	"row_3": {"dialog":"c","count":1500}
}
`,
  "ClickHouse Markdown": `| dialog | count |
|:-|-:|
| a | 3 |
| b ö | 12 |
| c | 1500 |
`,
};
