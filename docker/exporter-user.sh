# Sourced by the database's image when it makes its files: the user with which mysqld_exporter asks for statistics. It
# cannot read a message.
docker_process_sql <<SQL
CREATE USER 'exporter'@'%' IDENTIFIED BY '${EXPORTER_PASSWORD}' WITH MAX_USER_CONNECTIONS 5;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'exporter'@'%';
GRANT SELECT ON performance_schema.* TO 'exporter'@'%';
SQL
