"""The tables of the parcel carrier: five of them, with a wide mix of column types.

``orders`` has unsigned 64-bit keys above 2^53 (where a double would round them), ``items`` a composite key,
``stations`` a text key. Everything is utf8mb4.
"""

from __future__ import annotations

DATABASE = "parcel"
TABLES = ("stations", "customers", "orders", "items", "events")

STATEMENTS = (
    f"CREATE DATABASE {DATABASE} DEFAULT CHARACTER SET utf8mb4",
    f"""CREATE TABLE {DATABASE}.stations (
        code CHAR(6) NOT NULL,
        name VARCHAR(60) NOT NULL,
        kind ENUM('hub', 'depot', 'locker', '代收点') NOT NULL,
        services SET('cod', 'cold', 'insured', 'fragile', '加急') NOT NULL,
        location POINT NOT NULL,
        opens TIME NOT NULL,
        since YEAR NOT NULL,
        capacity SMALLINT UNSIGNED NOT NULL,
        load_factor FLOAT NOT NULL,
        altitude_m SMALLINT NULL,
        PRIMARY KEY (code)
    )""",
    f"""CREATE TABLE {DATABASE}.customers (
        id INT UNSIGNED NOT NULL AUTO_INCREMENT,
        name VARCHAR(80) NOT NULL,
        email VARCHAR(120) NULL,
        vip BIT(1) NOT NULL,
        balance DECIMAL(12, 2) NOT NULL,
        birthday DATE NULL,
        preferences JSON NULL,
        avatar BLOB NULL,
        token BINARY(16) NOT NULL,
        registered TIMESTAMP NOT NULL,
        PRIMARY KEY (id)
    )""",
    f"""CREATE TABLE {DATABASE}.orders (
        id BIGINT UNSIGNED NOT NULL,
        order_no VARCHAR(24) NOT NULL,
        customer_id INT UNSIGNED NOT NULL,
        type TINYINT NOT NULL,
        status ENUM('draft', 'placed', 'in_transit', 'delivered', 'returned') NOT NULL,
        origin CHAR(6) NOT NULL,
        destination CHAR(6) NOT NULL,
        amount DECIMAL(20, 4) NOT NULL,
        weight_kg DOUBLE NOT NULL,
        flags BIT(12) NOT NULL,
        services SET('cod', 'cold', 'insured', 'fragile', '加急') NOT NULL,
        placed_at DATETIME(6) NOT NULL,
        updated_at TIMESTAMP(3) NOT NULL,
        pickup TIME NULL,
        due DATE NULL,
        note VARCHAR(200) NULL,
        address JSON NOT NULL,
        PRIMARY KEY (id)
    )""",
    f"""CREATE TABLE {DATABASE}.items (
        order_id BIGINT UNSIGNED NOT NULL,
        line SMALLINT UNSIGNED NOT NULL,
        sku VARCHAR(20) NOT NULL,
        description VARCHAR(80) NOT NULL,
        quantity INT NOT NULL,
        price DECIMAL(10, 2) NOT NULL,
        weight_kg FLOAT NULL,
        hazards BIT(9) NOT NULL,
        label VARBINARY(32) NULL,
        PRIMARY KEY (order_id, line)
    )""",
    f"""CREATE TABLE {DATABASE}.events (
        id BIGINT NOT NULL AUTO_INCREMENT,
        order_id BIGINT UNSIGNED NOT NULL,
        station CHAR(6) NOT NULL,
        kind ENUM('accepted', 'sorted', 'loaded', 'delivered', 'returned', 'audited') NOT NULL,
        happened_at DATETIME(6) NOT NULL,
        delay TIME(3) NULL,
        temperature DECIMAL(5, 2) NULL,
        detail JSON NULL,
        PRIMARY KEY (id),
        KEY by_order (order_id)
    )""",
)
"""What makes the schema, in order."""
